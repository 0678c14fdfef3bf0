import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { onTestFinished } from "vitest";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const entry = resolve("cli/commands/plan.ts");

/** The command as `npm run plan --` starts it, in a process of its own; `within` wraps it in another. */
export async function runPlan(args: readonly string[], within: readonly string[] = []): Promise<Finished> {
  const [command = process.execPath, ...rest] = [
    ...within,
    process.execPath,
    "--import",
    "tsx",
    entry,
    ...args,
  ];
  const child = spawn(command, rest, {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((finish, fail) =>
    child.on("error", fail).on("close", finish),
  );
  return { code, stdout, stderr };
}

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
