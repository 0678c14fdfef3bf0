import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { jobOf } from "./job";
import { lines } from "./programs";
import type { Stack } from "./stack";

interface RunArgs {
  readonly stack: Stack;
  /** The words after `jobs operations`. */
  readonly words: readonly string[];
  readonly onLine: (line: string) => void;
  /** Ends the run; the Job is removed all the same. */
  readonly signal: AbortSignal;
}

const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        phase: z.string().default("Pending"),
        containerStatuses: z
          .array(
            z.object({
              state: z
                .object({
                  waiting: z.object({ reason: z.string().default("") }).optional(),
                  terminated: z.object({ exitCode: z.int() }).optional(),
                })
                .prefault({}),
            }),
          )
          .default([]),
      }),
    }),
  ),
});
type Pod = z.output<typeof pods>["items"][number];

/** How long the pod may take to start: its image may have to be pulled. */
const START_LIMIT_MS = 180_000;
const PAUSE_MS = 500;

/**
 * Runs the checks in the stack's cluster: creates a Job from the deployed CronJob, hands on its lines as they come, and
 * removes it in the end, whatever happens. Returns the exit code of the checks.
 */
export async function runInCluster({ stack, words, onLine, signal }: RunArgs): Promise<number> {
  const { namespace, cronJob } = stack.checks();
  signal.throwIfAborted();
  const name = `${cronJob}-${randomBytes(4).toString("hex")}`;
  const deployed = JSON.parse(
    await stack.kubectl(["-n", namespace, "get", "cronjob", cronJob, "-o", "json"]),
  );
  const job = jobOf(deployed, { name, namespace, words });
  try {
    // Inside, so that a Job is removed too whose creation was interrupted.
    await stack.kubectl(["create", "-f", "-"], JSON.stringify(job));
    const look = () => podOf(stack, namespace, name);
    const pod = await until(signal, START_LIMIT_MS, `the pod of ${name} has not started`, async () => {
      const found = await look();
      const waiting = found?.status.containerStatuses[0]?.state.waiting?.reason ?? "";
      if (/Err|BackOff|Invalid/.test(waiting))
        throw new UserError(`the pod of ${name} cannot start: ${waiting}`);
      return found && found.status.phase !== "Pending" ? found : undefined;
    });
    await follow({ stack, namespace, pod, onLine, signal });
    return await until(signal, START_LIMIT_MS, `the pod of ${name} has not ended`, async () => {
      return (await look())?.status.containerStatuses[0]?.state.terminated?.exitCode;
    });
  } finally {
    await stack.kubectl([
      ...["-n", namespace, "delete", "job", name, "--ignore-not-found"],
      ...["--cascade=background", "--wait=false"],
    ]);
  }
}

async function podOf(stack: Stack, namespace: string, job: string): Promise<Pod | undefined> {
  const selector = `batch.kubernetes.io/job-name=${job}`;
  const answer = await stack.kubectl(["-n", namespace, "get", "pods", "-l", selector, "-o", "json"]);
  return pods.parse(JSON.parse(answer)).items[0];
}

async function follow({
  stack,
  namespace,
  pod,
  onLine,
  signal,
}: Omit<RunArgs, "words"> & { readonly namespace: string; readonly pod: Pod }): Promise<void> {
  const words = [...stack.login(), "-n", namespace, "logs", "--follow", pod.metadata.name];
  signal.throwIfAborted();
  const { child, ended } = lines("kubectl", words, onLine);
  const stop = () => child.kill();
  signal.addEventListener("abort", stop, { once: true });
  await ended.finally(() => signal.removeEventListener("abort", stop));
  signal.throwIfAborted();
}

async function until<T>(
  signal: AbortSignal,
  limitMs: number,
  complaint: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline)
      throw new UserError(`${complaint} within ${limitMs / 1000} s; see kubectl -n operations get pods`);
    await wait(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}
