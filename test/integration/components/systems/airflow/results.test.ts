import { beforeAll, expect, it } from "vitest";
import { withMounted } from "../../../../rigs/airflow/airflow";
import { folderOf } from "../../../../rigs/airflow/model";
import { describeWith } from "../../../../rigs/programs";

interface EndedPod {
  readonly exitCode: number;
  /** The termination message. */
  readonly message?: string;
  /** What Kubernetes says of the container's end. */
  readonly reason?: string;
  /** What Kubernetes says of the pod's end. */
  readonly podReason?: string;
  /** The name of the pod that Airflow asks for. @default that of the one that is there */
  readonly pod?: string;
  /** The token that Airflow has for Slack. */
  readonly slackToken?: string;
}

/** What end_job.py tells. */
interface Outcome {
  readonly error: string | null;
  /** Whether a failure is final, so that the task is not tried again. */
  readonly final: boolean | null;
  readonly follows: string;
  readonly requests: readonly string[];
  readonly slack: ReadonlyArray<{ readonly token: string; readonly channel: string; readonly text: string }>;
}

const WORDS = "--store: Could not find datastore in ecosystem: Store9";
const FAILED = { exitCode: 1, message: JSON.stringify({ code: -1, error: WORDS }) };

const PODS = {
  done: { exitCode: 0, message: '{"code":0}' },
  more: { exitCode: 0, message: '{"code":1}' },
  failed: { ...FAILED, slackToken: "xoxb-1" },
  failedUnheard: FAILED,
  outOfMemory: { exitCode: 137, reason: "OOMKilled" },
  tooLate: {
    exitCode: 1,
    message: '{"code":-1,"error":"stopped by SIGTERM"}',
    podReason: "DeadlineExceeded",
  },
  vanished: { exitCode: 137, pod: "pod-2" },
  silent: { exitCode: 0, reason: "Completed" },
  marker: { exitCode: 0, message: "DATASURFACE_RESULT_CODE=0" },
  unknownCode: { exitCode: 0, message: '{"code":7}' },
} satisfies Record<string, EndedPod>;

describeWith(["airflow"], "a job whose pod has ended", () => {
  let outcomes: Record<keyof typeof PODS, Outcome>;
  beforeAll(async () => {
    outcomes = await withMounted(folderOf(), async (folder, run) =>
      JSON.parse(await run("end_job.py", folder, JSON.stringify(PODS))),
    );
  });

  it("with 0 waits for the schedule, and the pod is deleted", () => {
    expect(outcomes.done).toEqual({
      error: null,
      final: null,
      follows: "wait_for_trigger",
      requests: ["DELETE pods"],
      slack: [],
    });
  });

  it("with 1 runs again at once", () => {
    expect(outcomes.more).toMatchObject({ error: null, follows: "reschedule_immediately" });
  });

  it("with -1 fails for good in its own words, and the pod stays to be looked at", () => {
    expect(outcomes.failed).toMatchObject({ error: WORDS, final: true });
    expect(outcomes.failed.requests).toEqual(["PATCH pods"]);
    expect(outcomes.failed.follows).toMatch(/^fails: snapshot_merge_job left no result/);
  });

  it("past its time is told apart from other ends", () => {
    expect(outcomes.tooLate).toMatchObject({ error: "stopped by SIGTERM (DeadlineExceeded)", final: true });
  });

  it("and vanished before its end was read is tried again", () => {
    expect(outcomes.vanished.error).toContain("pod-2 not found");
    expect(outcomes.vanished.final).toBe(false);
  });

  it("with -1 tells Slack where Airflow has a token, and nobody where it has none", () => {
    const { slack } = outcomes.failed;
    expect(slack).toHaveLength(1);
    expect(slack[0]).toMatchObject({ token: "Bearer xoxb-1", channel: "#data" });
    expect(slack[0]?.text).toContain(
      `yellowlive__Store1_ingestion: snapshot_merge_job failed in run-1\n${WORDS}`,
    );
    expect(outcomes.failedUnheard).toMatchObject({ error: WORDS, slack: [] });
  });

  it.each([
    ["outOfMemory", "OOMKilled, exit code 137"],
    ["silent", "Completed, exit code 0"],
    ["marker", "exit code 0"],
    ["unknownCode", "exit code 0"],
  ] as const)("without a usable result (%s) fails, and tells what Kubernetes knows", (name, known) => {
    const { error, final, follows } = outcomes[name];
    expect(final).toBe(true);
    expect(error).toContain("the job left no result");
    expect(error).toContain(known);
    expect(follows).toMatch(/^fails: snapshot_merge_job left no result/);
  });
});
