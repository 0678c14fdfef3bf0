import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { type Finished, trellis } from "./trellis";

/** `trellis plan` in a process of its own; `within` wraps it in another. */
export const runPlan = (args: readonly string[], within: readonly string[] = []): Promise<Finished> =>
  trellis(["plan", ...args], { within });

/** One of the small projects that tests plan. */
export function planProject(name: "platform" | "secrets" | "broken"): string {
  return resolve("test/rigs/cli/plan-projects", name);
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trellis-plan-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** All files below a folder, as text by relative path. */
export function readTree(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .sort();
  return new Map(files.map((path) => [relative(folder, path), readFileSync(path, "utf8")]));
}
