import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Guardian } from "../services";
import type { Environment } from "../workloads";

interface JobArgs {
  /** The bundle of the job image. */
  readonly bundle: string;
  readonly words: readonly string[];
  readonly environment: Environment;
  /** The heap in MiB that the container's memory limit allows. Without it, Node's default applies. */
  readonly heapMib?: number;
  /** The file for its output. */
  readonly log: string;
  readonly guardian: Guardian;
  /** Stops the job with SIGTERM, as Kubernetes would. */
  readonly signal: AbortSignal;
  readonly onMessage?: (message: string) => void;
}

export interface JobEnd {
  /** The exit code as in a shell: 128 plus the signal's number for a killed process. */
  readonly exitCode: number;
  readonly seconds: number;
  /** The error of the pod's termination message. @default none */
  readonly error?: string;
  /** The last lines of the log, as text. */
  readonly tail: readonly string[];
}

const TAIL = 12;

/** Runs `jobs <words>` like the container: the same bundle, only the given environment, and SIGTERM to stop. */
export async function runJobProcess(args: JobArgs): Promise<JobEnd> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-job-"));
  const termination = join(folder, "termination-log");
  const began = performance.now();
  const log = createWriteStream(args.log, { flags: "a" });
  const tail: string[] = [];
  const child = spawn(process.execPath, [args.bundle, ...args.words], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      TMPDIR: folder,
      ...args.environment,
      TERMINATION_LOG: termination,
      NODE_ENV: "production",
      ...(args.heapMib !== undefined && { NODE_OPTIONS: `--max-old-space-size=${args.heapMib}` }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a Ctrl-C in the terminal reaches the job only through this process, and once
  });
  const stop = () => child.kill("SIGTERM"); // the job's supervisor passes it on, as in a container
  if (child.pid !== undefined) args.guardian.watch(-child.pid, "TERM");
  args.signal.addEventListener("abort", stop, { once: true });
  const remember = (line: string) => {
    const message = messageOf(line);
    tail.push(message);
    if (tail.length > TAIL) tail.shift();
    args.onMessage?.(message);
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => log.write(text));
    onLines(stream, remember);
  }
  try {
    const exitCode = await new Promise<number>((ended, failed) => {
      child.once("error", failed);
      child.once("close", (code, signal) => ended(code ?? (signal === "SIGKILL" ? 137 : 143)));
      if (args.signal.aborted) stop();
    });
    const error = errorIn(termination);
    return {
      exitCode,
      seconds: (performance.now() - began) / 1000,
      tail,
      ...(error !== undefined && { error }),
    };
  } finally {
    args.signal.removeEventListener("abort", stop);
    if (child.pid !== undefined) {
      endGroup(child.pid);
      args.guardian.forget(-child.pid);
    }
    log.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls `heard` for every line that is not blank, including a last line without a newline. */
function onLines(stream: Readable, heard: (line: string) => void): void {
  let rest = "";
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") heard(line);
  });
  stream.on("close", () => rest.trim() !== "" && heard(rest));
}

/** When a container's first process exits, Kubernetes kills all others in it. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error; // no process is left
  }
}

/** The message of a line of the job's JSON log. */
function messageOf(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const { msg, level } = JSON.parse(line);
    return level === "error" || level === "warn" ? `${level}: ${msg}` : String(msg);
  } catch {
    return line;
  }
}

function errorIn(termination: string): string | undefined {
  try {
    const { error } = JSON.parse(readFileSync(termination, "utf8"));
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
