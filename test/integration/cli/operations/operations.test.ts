import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { repository } from "../../../rigs/platform/stacks";
import { eventually } from "../../../rigs/waiting";

const REPORT = JSON.stringify({ score: 98, verdict: "with warnings" });
const LOG = [
  "[ 1/79] ok   etcd.quorum: fine",
  "",
  "Health of the platform",
  `HEALTH_REPORT=${REPORT}`,
  "",
].join("\n");

/** Runs the commands with a stand-in for kubectl on the PATH. */
describe("trellis health and status", () => {
  const home = mkdtempSync(join(tmpdir(), "trellis-operations-cli-"));
  const programs = mkdtempSync(join(home, "bin-"));
  symlinkSync(join(repository, "test/rigs/operations/kubectl.mjs"), join(programs, "kubectl"));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(home, "run-"));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function start(command: string, words: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [resolve(repository, "cli/trellis.mjs"), command, ...words], {
      cwd: repository,
      env: {
        ...process.env,
        PATH: `${programs}:${process.env.PATH}`,
        STAND_IN_FOLDER: folder,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => {
      printed.stdout += text;
    });
    child.stderr.on("data", (text) => {
      printed.stderr += text;
    });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    return { child, printed, ended };
  }
  const out = () => join(folder, "out");
  const access = ["--kubeconfig", "unused"];

  it("show the lines of the Job, save both reports, and remove the Job", async () => {
    const { printed, ended } = start("health", [...access, "--out", out()], {
      STAND_IN_LOG: LOG,
      STAND_IN_CODE: "1",
    });
    expect(await ended).toBe(1);
    expect(printed.stdout).toContain("[ 1/79] ok   etcd.quorum: fine\n");
    expect(printed.stdout).not.toContain("HEALTH_REPORT");
    const [json = "", text = ""] = readdirSync(out()).sort();
    expect(readFileSync(join(out(), json), "utf8")).toBe(`${REPORT}\n`);
    expect(readFileSync(join(out(), text), "utf8")).toBe("Health of the platform\n");
    expect(text).toMatch(/^health_report_\d{8}_\d{6}\.txt$/);
    const job = JSON.parse(readFileSync(join(folder, "job"), "utf8"));
    expect(job.spec.template.spec.containers[0].args).toEqual(["operations", "health", "--with-json"]);
    expect(readFileSync(join(folder, "deleted"), "utf8")).toContain(`delete job ${job.metadata.name}`);
  });

  it("remove the Job after Ctrl-C too", async () => {
    const { child, ended, printed } = start("health", [...access, "--out", out()], {
      STAND_IN_LOG: "[ 1/79] ok   etcd.quorum: fine\n",
      STAND_IN_HANG: "1",
    });
    await eventually("the first line is shown", 30_000, () => printed.stdout.includes("[ 1/79]"));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(existsSync(join(folder, "deleted"))).toBe(true);
    expect(existsSync(out())).toBe(false);
  });

  it("print the status with its exit code, and its JSON as it is", async () => {
    const plain = start("status", access, { STAND_IN_LOG: "ok   etcd\nFAIL MinIO\n", STAND_IN_CODE: "2" });
    expect(await plain.ended).toBe(2);
    expect(plain.printed.stdout).toBe("ok   etcd\nFAIL MinIO\n");
    const json = start("status", [...access, "--json"], { STAND_IN_LOG: `${REPORT}\n` });
    expect(await json.ended).toBe(0);
    expect(JSON.parse(json.printed.stdout)).toEqual(JSON.parse(REPORT));
  });

  it("refuse a wrong command line", async () => {
    const { ended, printed } = start("status", [...access, "--watch", "--json"]);
    expect(await ended).toBe(2);
    expect(printed.stderr).toContain("--watch and --json exclude each other");
  });
});
