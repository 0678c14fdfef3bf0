import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const tallyProgram = fileURLToPath(new URL("../../../.ci/tally.mjs", import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "trellis-tally-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

type File = { readonly status: string; readonly tests: readonly string[]; readonly message?: string };

function report(name: string, ...files: readonly File[]): string {
  const path = join(directory, name);
  const testResults = files.map(({ status, tests, message = "" }, index) => ({
    name: `${index}.test.ts`,
    status,
    message,
    assertionResults: tests.map((each) => ({ status: each, fullName: each })),
  }));
  writeFileSync(path, JSON.stringify({ testResults }));
  return path;
}

function tally(...phases: readonly (readonly [name: string, exitCode: number | string, report: string])[]) {
  const ledger = join(directory, "phases.tsv");
  writeFileSync(ledger, phases.map((phase) => `${phase.join("\t")}\n`).join(""));
  const { stdout, status } = spawnSync(process.execPath, [tallyProgram, ledger], { encoding: "utf8" });
  return { closing: stdout.trimEnd().split("\n").at(-1), status };
}

const green: File = { status: "passed", tests: ["passed", "passed"] };

it("adds up all reports, and is content when nothing failed", () => {
  const phases = [
    ["install", 0, "-"],
    ["tests", 0, report("a.json", green)],
    ["engine tests", 0, report("b.json", green, green)],
  ] as const;
  expect(tally(...phases)).toEqual({ closing: "6 passed, 0 failed", status: 0 });
});

it("counts what was skipped", () => {
  const some = report("a.json", { status: "passed", tests: ["passed", "skipped", "todo"] });
  expect(tally(["tests", 0, some])).toEqual({ closing: "1 passed, 0 failed, 2 skipped", status: 0 });
});

it("counts a file that a slow machine had no time for as skipped, and names it", () => {
  const some = report("a.json", green);
  expect(tally(["tests", 0, some], ["slow.test.ts", "left out", "-"])).toEqual({
    closing: "2 passed, 0 failed, 1 skipped",
    status: 0,
  });
});

it.each([
  ["a test that failed", 1, [{ status: "failed", tests: ["passed", "passed", "failed"] }]],
  [
    "a file that could not be loaded",
    1,
    [green, { status: "failed", tests: [], message: "Cannot find module" }],
  ],
  ["a hook that threw", 1, [green, { status: "failed", tests: [] }]],
  ["a runner that failed although no test did", 1, [green]],
  ["a runner that was cut", 124, [green]],
] as const)("fails for %s, and counts it once", (_, exitCode, files) => {
  expect(tally(["tests", exitCode, report("a.json", ...files)])).toEqual({
    closing: "2 passed, 1 failed",
    status: 1,
  });
});

it("fails for a runner that left no report, and for an installation that failed", () => {
  const missing = join(directory, "missing.json");
  const phases = [
    ["install", 100, "-"],
    ["tests", 0, report("a.json", green)],
    ["engine tests", 0, missing],
  ] as const;
  expect(tally(...phases)).toEqual({ closing: "2 passed, 2 failed", status: 1 });
});

it("fails when no test ran at all", () => {
  expect(tally(["tests", 0, report("a.json")])).toEqual({ closing: "0 passed, 1 failed", status: 1 });
});
