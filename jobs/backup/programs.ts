import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { JobError } from "../shared";

/** Full paths of the programs that read and write dumps. */
export interface Programs {
  readonly pgDump: string;
  readonly pgRestore: string;
  readonly psql: string;
  readonly zstd: string;
  /** PostgreSQL's major version of pg_dump. */
  readonly major: number;
}

export async function findPrograms(binaries: string | undefined): Promise<Programs> {
  const path = (process.env.PATH ?? "").split(delimiter);
  const postgres = binaries === undefined ? path : [binaries];
  const pgDump = find("pg_dump", postgres);
  const { stdout } = await promisify(execFile)(pgDump, ["--version"]);
  return {
    pgDump,
    pgRestore: find("pg_restore", postgres),
    psql: find("psql", postgres),
    zstd: find("zstd", [...postgres, ...path]),
    major: Number(/(\d+)[.\w]*/.exec(stdout.replace(/^.*PostgreSQL\) /, ""))?.[1]),
  };
}

/** The folder that contains the `postgres` program. */
export function findBinaries(binaries: string | undefined): string {
  const path = (process.env.PATH ?? "").split(delimiter);
  return dirname(find("postgres", binaries === undefined ? path : [binaries]));
}

/** pg_dump reads servers of its own version and older, and refuses newer ones. */
export function requireYoungEnough({ pgDump, major }: Programs, serverMajor: number): void {
  if (major >= serverMajor) return;
  throw new JobError(
    `${pgDump} is of PostgreSQL ${major} and cannot read a server of PostgreSQL ${serverMajor}; ` +
      `install postgresql-client-${serverMajor} and name its folder with --bin-dir`,
  );
}

function find(name: string, folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found) return found;
  throw new JobError(
    `there is no ${name} in ${folders.join(", ")}; install it, or name its folder with --bin-dir`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends the work within a minute when the server disappears silently; the environment holds all other connection
 * settings.
 */
export const ALIVE = "--dbname=keepalives_idle=30 keepalives_interval=10 keepalives_count=3";

export interface StartArgs {
  /** "pipe" to write to the program. @default "ignore" */
  readonly stdin?: "pipe" | "ignore";
  /** "pipe" to read the output, or a stream that receives it. @default "ignore" */
  readonly stdout?: "pipe" | "ignore" | Writable;
  /** The whole environment of the program. @default PATH only */
  readonly environment?: NodeJS.ProcessEnv;
  /** Kills the program with SIGKILL when it is aborted. */
  readonly signal?: AbortSignal;
}

const DISK_FULL =
  "\na disk is full, most likely the database server's: a restore needs room for the new database beside the old one; " +
  "add room, or restore on another server";

/** A running program. `ended` rejects with a JobError that contains the program's last output. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves when the program has succeeded. */
  readonly ended: Promise<void>;
}

export function start(path: string, words: readonly string[], args: StartArgs): Running {
  const child = spawn(path, words, {
    stdio: [args.stdin ?? "ignore", args.stdout ?? "ignore", "pipe"],
    env: args.environment ?? { PATH: process.env.PATH },
  });
  // A pipe between two programs: this process closes its own end.
  if (typeof args.stdout === "object") args.stdout.destroy();
  const stop = () => child.kill("SIGKILL");
  args.signal?.addEventListener("abort", stop, { once: true });
  let complaint = "";
  child.stderr?.on("data", (text: Buffer) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  child.stdin?.on("error", () => undefined); // a program that exits early gives the reason in its exit code
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      args.signal?.removeEventListener("abort", stop);
      if (args.signal?.aborted) reject(args.signal.reason);
      else if (code === 0) resolve();
      else {
        const name = path.replace(/^.*\//, "");
        const said = complaint.trim() || (signal ? `killed by ${signal}` : `exit code ${code}`);
        reject(
          new JobError(`${name} failed: ${said}${/No space left on device/.test(said) ? DISK_FULL : ""}`),
        );
      }
    });
  });
  ended.catch(() => undefined); // the reader first sees that the output is short, and awaits this afterwards
  return { child, ended };
}

/** The end of a pipe that `start` was asked to open. */
export function opened<Stream extends Readable | Writable>(stream: Stream | null): Stream {
  if (!stream) throw new Error("the program was started without this pipe");
  return stream;
}
