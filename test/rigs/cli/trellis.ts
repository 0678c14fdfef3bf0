import { spawn } from "node:child_process";
import { resolve } from "node:path";

export const TRELLIS = resolve("cli/trellis.mjs");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface TrellisArgs {
  /** Another command that runs this one. @default none */
  readonly within?: readonly string[];
  readonly cwd?: string;
  /** Variables besides those of this process; undefined removes one. @default none */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The command line program of another checkout. @default this checkout's */
  readonly program?: string;
}

/** Runs `trellis` in a process of its own, without a terminal. */
export async function trellis(args: readonly string[], options: TrellisArgs = {}): Promise<Finished> {
  const { within = [], cwd, environment, program = TRELLIS } = options;
  const [command = process.execPath, ...rest] = [...within, process.execPath, program, ...args];
  const child = spawn(command, rest, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...environment },
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
