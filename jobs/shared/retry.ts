import { setTimeout as wait } from "node:timers/promises";

interface RetryArgs {
  readonly attempts: number;
  /** The longest first wait; each further one is twice as long at most. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly signal?: AbortSignal;
  /** Which errors are worth another attempt. @default all */
  readonly retryable?: (error: unknown) => boolean;
  /** Told before each wait; may answer a longer one (a server's Retry-After). */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => number | undefined;
}

/** Tries again with exponential backoff and full jitter, so that many clients do not return in step. */
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
