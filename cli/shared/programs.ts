import { spawnSync } from "node:child_process";
import { UserError } from "../../components/shared/user-error";

interface RunArgs {
  readonly cwd?: string;
  readonly input?: Buffer;
}

/** A program that failed; the message contains its stderr. */
export class ProgramError extends UserError {
  constructor(
    program: string,
    readonly said: string,
  ) {
    super(`${program} failed: ${said}`);
  }
}

/** Runs a program and returns its whole stdout. A state can have many MiB. */
export function output(program: string, words: readonly string[], { cwd, input }: RunArgs = {}): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd,
    input,
    stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (error && "code" in error && error.code === "ENOENT")
    throw new UserError(`${program} is not on the PATH; npx trellis doctor says how to install it`);
  // A program that fails may exit before it has read its input; its stderr has the reason.
  if (error && status === null) throw new UserError(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new ProgramError([program, ...words.slice(0, 2)].join(" "), String(stderr).trim());
  return stdout;
}
