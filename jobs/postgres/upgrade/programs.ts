import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { JobError, reason } from "../../shared";

/** What the sessions of an upgrade call themselves. */
export const APPLICATION = "trellis upgrade";

/** The programs of one release of PostgreSQL. */
export interface Release {
  /** Folder of the programs. */
  readonly programs: string;
  readonly major: number;
}

interface RunArgs {
  /** Folder in which the program works. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Variables beside PATH, for instance those of libpq. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The programs in a folder, and the release that they are of. */
export async function releaseIn(programs: string): Promise<Release> {
  const postgres = join(programs, "postgres");
  if (!existsSync(postgres)) {
    throw new JobError(
      `there is no PostgreSQL in ${programs}; the image has the former release while postgres.upgradeFrom names it`,
    );
  }
  const { stdout } = await promisify(execFile)(postgres, ["--version"]);
  return { programs, major: Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]) };
}

/** Runs a program of a release to its end, and returns what it printed. A failure ends with the program's last words. */
export async function runProgram(
  { programs }: Release,
  name: string,
  words: readonly string[],
  { cwd, signal, environment }: RunArgs,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(join(programs, name), [...words], {
      cwd,
      signal,
      env: {
        HOME: cwd,
        LC_ALL: "C",
        TZ: "UTC",
        ...environment,
        PATH: `${programs}:${process.env.PATH ?? ""}`,
      },
      maxBuffer: 2 ** 28,
    });
    return stdout;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // Safe: what execFile rejects with has the output so far.
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new ProgramFailed(name, `${stdout}\n${stderr}`.trim() || reason(error), error);
  }
}

/** A program that ended with an error. */
export class ProgramFailed extends JobError {
  constructor(
    name: string,
    /** All that it printed. */
    readonly output: string,
    cause: unknown,
  ) {
    super(`${name} failed: ${output.split("\n").slice(-12).join("\n")}`, 1, { cause });
  }
}
