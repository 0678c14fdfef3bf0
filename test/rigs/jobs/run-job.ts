import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundledJobs } from "./bundled";

export interface JobRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What Kubernetes would find after the container has gone. */
  readonly termination: { readonly code: number; readonly error?: string } | undefined;
}

export interface RunJobArgs {
  readonly environment?: Readonly<Record<string, string>>;
  /** A program of the tests instead, in TypeScript. @default the bundle that the job image runs */
  readonly binary?: string;
  readonly nodeFlags?: readonly string[];
  /** Called with the running process and all that it has printed on stdout, each time it prints. */
  readonly onOutput?: (process: ChildProcess, printed: string) => void;
  /** The same for stderr, where the job logs. */
  readonly onError?: (process: ChildProcess, printed: string) => void;
  /** Makes the job the leader of a process group of its own, so that all of it can be killed at once. */
  readonly ownGroup?: boolean;
  readonly onStart?: (process: ChildProcess) => void;
}

const ROOT = resolve(import.meta.dirname, "../../..");

/** Runs `jobs <words>` as a process of its own, as a pod would. */
export async function runJob(words: readonly string[], args: RunJobArgs = {}): Promise<JobRun> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-job-"));
  const terminationLog = join(folder, "termination-log");
  const program = args.binary ? ["--import", "tsx", resolve(ROOT, args.binary)] : [await bundledJobs()];
  try {
    const child = spawn(process.execPath, [...(args.nodeFlags ?? []), ...program, ...words], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ...args.environment,
        TERMINATION_LOG: terminationLog,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: args.ownGroup ?? false,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      args.onOutput?.(child, stdout);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      args.onError?.(child, stderr);
    });
    args.onStart?.(child);
    const exitCode = await new Promise<number | null>((done) => child.on("close", done));
    return { exitCode, stdout, stderr, termination: readTermination(terminationLog) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTermination(path: string): JobRun["termination"] {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
