import { describe, expect, it } from "vitest";
import { runJob } from "../../rigs/jobs/run-job";
import { createDatabase, freePort, sharedPostgres } from "../../rigs/postgres/postgres";

const binary = "test/rigs/jobs/contract-cli.ts";
const run = (words: string, args: Parameters<typeof runJob>[1] = {}) =>
  runJob(words.split(" "), { binary, ...args });

describe.concurrent("the result contract of a job", () => {
  it.each([
    ["succeed", 0, 0],
    ["go-on", 1, 0],
  ])("says how %s ended", async (verb, code, exitCode) => {
    const job = await run(`endings ${verb}`);

    expect(job).toMatchObject({ exitCode, termination: { code }, stdout: `RESULT=${code}\n` });
  });

  it.each([
    ["an error of the user", "refuse", 1, "the table has no key; name one"],
    ["a fault of the program", "break", 1, "undefined is not a batch"],
    ["an error that nobody caught", "crash", 1, "nobody caught this"],
    ["bad flags", "count --times never", 2, '--times: given "never", allowed: a whole number of at least 1'],
    ["a missing flag", "count", 2, "--times is required: how often"],
    ["an unknown flag", "count --time 3", 2, "unknown option '--time'\n(Did you mean --times?)"],
    ["an unknown verb", "suceed", 2, "(Did you mean succeed?)"],
    ["a database that is not configured", "query", 2, "MERGE_HOST is required"],
  ])("holds after %s", async (_, words, exitCode, error) => {
    const job = await run(`endings ${words}`);

    expect(job).toMatchObject({ exitCode, termination: { code: -1, error: expect.stringContaining(error) } });
    expect(job.stdout).toMatch(/RESULT=-1\n$/);
    expect(job.stderr).toContain(JSON.stringify(error).slice(1, -1).split("\\n")[0]);
  });

  it("suggests a domain, and shows what it is about when none is named", async () => {
    expect((await run("ending succeed")).termination?.error).toContain("Did you mean endings?");
    expect((await run("--help")).stdout).toContain("every way to end");
  });

  it("holds after a database that is not there", async () => {
    const port = await freePort();
    const environment = { MERGE_URL: `postgres://nobody:hunter2@127.0.0.1:${port}/merge` };
    const job = await run("endings query", { environment });

    expect(job.termination).toMatchObject({ code: -1, error: expect.stringContaining("cannot be opened") });
    expect(job.stdout + job.stderr + job.termination?.error).not.toContain("hunter2");
  });

  it("holds after a database that is lost in the middle", async () => {
    const merge = await createDatabase(sharedPostgres());
    const job = await run("endings query", { environment: merge.environment("MERGE") });
    await merge.drop();

    expect(job).toMatchObject({ exitCode: 1, termination: { code: -1 } });
    expect(job.stdout).toMatch(/RESULT=-1\n$/);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("holds after %s, which the work hears", async (signal) => {
    const job = await run("endings wait", {
      onOutput: (process, printed) => printed.includes("waiting") && process.kill(signal),
    });

    expect(job.termination).toMatchObject({
      code: -1,
      error: expect.stringContaining(`stopped by ${signal}`),
    });
    expect(job.stdout).toMatch(/RESULT=-1\n$/);
    expect(job.exitCode).toBe(signal === "SIGTERM" ? 143 : 130);
  });

  it("holds when the working process is killed", async () => {
    const job = await run("endings wait", {
      onOutput: (_, printed) => {
        const pid = /waiting as (\d+)\n$/.exec(printed)?.[1];
        if (pid) process.kill(Number(pid), "SIGKILL");
      },
    });

    expect(job).toMatchObject({
      exitCode: 137,
      termination: { code: -1, error: expect.stringContaining("SIGKILL") },
    });
    expect(job.stdout).toMatch(/\nRESULT=-1\n$/);
  });

  it("has the failure written down before the work begins, for when the whole container is killed", async () => {
    const job = await run("endings wait", {
      onOutput: (supervisor, printed) => printed.includes("waiting") && supervisor.kill("SIGKILL"),
    });

    expect(job.termination).toMatchObject({
      code: -1,
      error: expect.stringContaining("most likely out of memory"),
    });
  });

  it("holds when the working process runs out of memory", async () => {
    const job = await run("endings exhaust", { nodeFlags: ["--max-old-space-size=64"] });

    expect(job.termination).toMatchObject({ code: -1, error: expect.stringContaining("out of memory") });
    expect(job.stdout).toMatch(/RESULT=-1\n$/);
  });

  it("leaves stdout to the answer of a verb that answers there", async () => {
    expect(await run("endings answer")).toMatchObject({
      stdout: '{"streams":[]}\n',
      termination: { code: 0 },
    });
  });
});
