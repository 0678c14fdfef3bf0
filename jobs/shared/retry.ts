import { setTimeout as wait } from "node:timers/promises";

interface RetryArgs {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Upper bound of the first wait; each further bound is at most twice as long. */
  readonly firstDelayMs: number;
  /** Upper bound of every wait, except one that `onRetry` returns. */
  readonly longestDelayMs: number;
  /** Stops the attempts and the waits when it is aborted. @default none */
  readonly signal?: AbortSignal;
  /** Which errors to retry. @default all */
  readonly retryable?: (error: unknown) => boolean;
  /** Called before each wait; may return a longer one (a server's Retry-After). */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => number | undefined;
}

/** Retries with exponential backoff and full jitter, so that many clients do not retry in step. */
export async function retry<T>(action: (attempt: number) => Promise<T>, args: RetryArgs): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    args.signal?.throwIfAborted();
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= args.attempts || args.signal?.aborted || args.retryable?.(error) === false) throw error;
      const ceiling = Math.min(args.longestDelayMs, args.firstDelayMs * 2 ** (attempt - 1));
      const delayMs = Math.round(Math.random() * ceiling);
      const asked = args.onRetry?.(error, attempt, delayMs);
      await wait(Math.max(delayMs, asked ?? 0), undefined, args.signal ? { signal: args.signal } : {});
    }
  }
}
