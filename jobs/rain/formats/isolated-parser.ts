import { Worker } from "node:worker_threads";
import { type Expectation, type Part, RefusedFile, type Source } from "../reading";

export type Request =
  | { readonly kind: "file"; readonly bytes: Uint8Array; readonly expected: Expectation }
  | { readonly kind: "next" };

export type Answer =
  | { readonly kind: "more" | "end"; readonly parts: readonly Part[] }
  | { readonly kind: "refused" | "crashed"; readonly reason: string };

interface ParserLimits {
  /** How long one file may take to read, not counting the time that the reader's customer takes. */
  readonly seconds: number;
  /** By how much reading one file may make this process grow. */
  readonly memoryMiB: number;
}

const WATCH_INTERVAL_MS = 25;

/** Large libraries of a format, loaded into the thread before anything else. */
const LIBRARIES: Readonly<Partial<Record<Source, readonly string[]>>> = {
  pdf: ["pdfjs-dist/legacy/build/pdf.worker.mjs", "pdfjs-dist/legacy/build/pdf.mjs"],
};

/**
 * Reads files in a thread of its own, so that a file which makes a parser hang or swallow memory ends in a clear
 * refusal: the thread is ended from outside, and the next file gets a new one. One file at a time.
 */
export class IsolatedParser {
  private worker: Worker | undefined;
  private format: Source | undefined;

  constructor(private readonly limits: ParserLimits) {}

  async *parse(bytes: Uint8Array, expected: Expectation): AsyncGenerator<Part> {
    const worker = await this.readerOf(expected.source);
    const budget = new Budget(this.limits);
    let finished = false;
    try {
      post(worker, { kind: "file", bytes, expected });
      // The next batch is read while the customer is busy with this one.
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
          next.catch(() => undefined); // looked at when it is awaited, or never when the customer has left
        }
        yield* answer.parts;
      }
    } finally {
      // A customer who leaves early leaves the thread in the middle of a file.
      if (!finished) await this.close();
    }
  }

  /** Ends the thread; the next file starts another. */
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
      // The PDF reader warns on the console of what a text reader never needs.
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

  /** Asks for one batch and waits for it within what is left of the file's budget. */
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

/** What is left of the time and memory that one file may take. */
class Budget {
  private milliseconds = 0;
  private readonly before = process.memoryUsage.rss();

  constructor(private readonly limits: ParserLimits) {}

  get memoryExceeded(): string {
    return `reading it takes more than ${this.limits.memoryMiB} MiB of memory`;
  }

  /** Buffers live outside of the thread's heap, so only the process itself shows them. */
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
