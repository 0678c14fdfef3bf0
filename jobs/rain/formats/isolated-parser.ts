import { Worker } from "node:worker_threads";
import { type Expectation, type PackedPart, RefusedFile, type Source } from "../reading";

export type Request =
  | { readonly kind: "file"; readonly bytes: Uint8Array; readonly expected: Expectation }
  | { readonly kind: "next" };

export type Answer =
  | { readonly kind: "more" | "end"; readonly parts: readonly PackedPart[] }
  | { readonly kind: "refused" | "crashed"; readonly reason: string };

interface ParserLimits {
  /** How long reading one file may take, not counting the consumer's time. */
  readonly seconds: number;
  /** By how many MiB this process may grow while it reads one file. */
  readonly memoryMiB: number;
}

const WATCH_INTERVAL_MS = 25;

/** Large libraries of a format, loaded into the thread before anything else. */
const LIBRARIES: Readonly<Partial<Record<Source, readonly string[]>>> = {
  pdf: ["pdfjs-dist/legacy/build/pdf.worker.mjs", "pdfjs-dist/legacy/build/pdf.mjs"],
};

/**
 * Reads files in a separate thread, so that a file that makes a parser hang or use too much memory is refused with a
 * clear error: the thread is terminated from outside, and the next file gets a new one. One file at a time.
 */
export class IsolatedParser {
  private worker: Worker | undefined;
  private format: Source | undefined;

  constructor(private readonly limits: ParserLimits) {}

  async *parse(bytes: Uint8Array, expected: Expectation): AsyncGenerator<PackedPart> {
    const worker = await this.readerOf(expected.source);
    const budget = new Budget(this.limits);
    let finished = false;
    try {
      post(worker, { kind: "file", bytes, expected });
      // The thread reads the next batch while the consumer processes this one.
      let next = this.ask(worker, budget);
      while (!finished) {
        const answer = await next;
        finished = answer.kind !== "more";
        if ("reason" in answer) {
          if (answer.kind === "refused") throw new RefusedFile(answer.reason);
          throw new Error(`the parser crashed: ${answer.reason}`);
        }
        if (answer.kind === "more") {
          next = this.ask(worker, budget);
          next.catch(() => undefined); // handled where it is awaited; ignored when the consumer has stopped
        }
        yield* answer.parts;
      }
    } finally {
      // A consumer that stops early leaves the thread in the middle of a file.
      if (!finished) await this.close();
    }
  }

  /** Terminates the thread; the next file starts another. */
  async close(): Promise<void> {
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
  }

  private async readerOf(format: Source): Promise<Worker> {
    if (this.worker && this.format === format) return this.worker;
    await this.close();
    const worker = new Worker(new URL("./start-parser-thread.mjs", import.meta.url), {
      execArgv: [],
      workerData: { libraries: LIBRARIES[format] ?? [] },
      // Discards the PDF reader's console warnings, which do not matter for text.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: this.limits.memoryMiB },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.setMaxListeners(0);
    worker.unref();
    worker.on("exit", () => {
      if (this.worker === worker) this.worker = undefined;
    });
    [this.worker, this.format] = [worker, format];
    return worker;
  }

  /** Requests one batch and waits for it within the rest of the file's budget. */
  private ask(worker: Worker, budget: Budget): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const watch = setInterval(() => {
        const excess = budget.spend(WATCH_INTERVAL_MS);
        if (!excess) return;
        settle();
        reject(new RefusedFile(excess));
        void this.close();
      }, WATCH_INTERVAL_MS);
      const onAnswer = (answer: Answer) => {
        settle();
        resolve(answer);
      };
      const onError = (error: Error & { code?: string }) => {
        settle();
        const outOfMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
        reject(outOfMemory ? new RefusedFile(budget.memoryExceeded) : error);
      };
      const onExit = () => onError(new Error("the parser's thread ended by itself"));
      const settle = () => {
        clearInterval(watch);
        worker.off("message", onAnswer).off("error", onError).off("exit", onExit);
      };
      worker.on("message", onAnswer).on("error", onError).on("exit", onExit);
      post(worker, { kind: "next" });
    });
  }
}

/** The remaining time and memory for one file. */
class Budget {
  private milliseconds = 0;
  private readonly before = process.memoryUsage.rss();

  constructor(private readonly limits: ParserLimits) {}

  get memoryExceeded(): string {
    return `reading it takes more than ${this.limits.memoryMiB} MiB of memory`;
  }

  /** Buffers are outside of the thread's heap, so only the memory of the whole process includes them. */
  spend(milliseconds: number): string | undefined {
    this.milliseconds += milliseconds;
    if (this.milliseconds > this.limits.seconds * 1000) {
      return `reading it takes longer than ${this.limits.seconds} s`;
    }
    const growth = process.memoryUsage.rss() - this.before;
    return growth > this.limits.memoryMiB << 20 ? this.memoryExceeded : undefined;
  }
}

const post = (worker: Worker, request: Request) => worker.postMessage(request);
