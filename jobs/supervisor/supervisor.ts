import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { type Result, type ResultCode, writeTerminationMessage } from "./outcome";

/** The last message of the working process to its supervisor. */
export interface FinalWord extends Result {
  readonly exitCode: number;
  /** False for a verb whose stdout is its answer. */
  readonly marker: boolean;
}

/** Set in the environment of the working process. */
const WORKER_MARK = "TRELLIS_SUPERVISED";

/** How long a stopped job may take to roll back; Kubernetes itself waits 30 seconds. */
const GRACE_MS = 25_000;

/** The share of the container's memory for the heap; the rest is for buffers, code and the supervisor. */
const HEAP_SHARE = 0.6;

export const isWorker = () => process.env[WORKER_MARK] !== undefined && process.send !== undefined;

/**
 * Runs this program again as a working process and reports a result whatever happens to it: a crash, a kill, an
 * exhausted heap. Returns the exit code. If the kernel kills the whole container for its memory, no process is left to
 * report; therefore the failure is written before the work starts.
 */
export async function supervise(marker: string | undefined): Promise<number> {
  const heapMiB = heapLimitMiB();
  writeTerminationMessage({
    code: -1,
    error: "the job ended without a result: the whole container was killed, most likely out of memory",
  });

  const worker = spawn(
    process.execPath,
    [...process.execArgv, ...heapFlag(heapMiB), ...process.argv.slice(1)],
    {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [WORKER_MARK]: "1" },
    },
  );
  sacrificeFirst(worker);
  const release = forwardSignals(worker);
  const word = await lastWord(worker, heapMiB);
  release();

  writeTerminationMessage(word);
  if (marker && word.marker) process.stdout.write(`${marker}=${word.code}\n`);
  return word.exitCode;
}

/** In the working process: sends the last message, then exits with its exit code. */
export function report(word: FinalWord): void {
  process.stdout.write("", () => {
    if (!process.send) process.exit(word.exitCode);
    process.send(word, () => process.exit(word.exitCode));
  });
}

function lastWord(worker: ChildProcess, heapMiB: number | undefined): Promise<FinalWord> {
  let told: FinalWord | undefined;
  worker.on("message", (message: FinalWord) => {
    told = message;
  });
  return new Promise((resolve) => {
    worker.on("error", (error) => resolve(failure(`the job cannot be started: ${error.message}`, 1)));
    worker.on("exit", (code, signal) => {
      if (told) return resolve(told);
      if (signal) {
        process.stdout.write("\n"); // a killed process may have left an incomplete line
        const exitCode = 128 + constants.signals[signal];
        const heap = heapMiB === undefined ? "" : ` of ${heapMiB} MiB`;
        return resolve(
          signal === "SIGABRT"
            ? failure(`out of memory: the job used up its heap${heap}; give the job more memory`, exitCode)
            : failure(
                `the job was killed by ${signal}${signal === "SIGKILL" ? ", most likely out of memory" : ""}`,
                exitCode,
              ),
        );
      }
      resolve(failure(`the job ended with exit code ${code} and no result`, code || 1));
    });
  });
}

const failure = (error: string, exitCode: number): FinalWord => ({
  code: -1 satisfies ResultCode,
  error,
  exitCode,
  marker: true,
});

function forwardSignals(worker: ChildProcess): () => void {
  let timer: NodeJS.Timeout | undefined;
  const forward = (signal: NodeJS.Signals) => {
    worker.kill(signal);
    timer ??= setTimeout(() => worker.kill("SIGKILL"), GRACE_MS);
  };
  process.on("SIGTERM", forward).on("SIGINT", forward);
  return () => clearTimeout(timer);
}

/**
 * When memory runs out, the kernel should kill the working process and keep the supervisor, which reports the failure.
 */
function sacrificeFirst({ pid }: ChildProcess): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "900");
  } catch {
    // Not Linux, or the process has exited: the kernel chooses by itself.
  }
}

const heapFlag = (heapMiB: number | undefined) =>
  heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`];

/** Keeps the heap below the container's limit, so that an exhausted heap is a named error instead of a kill. */
function heapLimitMiB(): number | undefined {
  const chosen = /--max-old-space-size/.test([...process.execArgv, process.env.NODE_OPTIONS].join(" "));
  if (chosen) return undefined;
  for (const path of ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]) {
    try {
      const bytes = Number(readFileSync(path, "utf8"));
      if (Number.isFinite(bytes) && bytes < 64 * 2 ** 30) return Math.floor((bytes * HEAP_SHARE) / 2 ** 20);
    } catch {
      // This version of cgroups is not in use.
    }
  }
  return undefined;
}
