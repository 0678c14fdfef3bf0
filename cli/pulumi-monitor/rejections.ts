/** Unhandled promise rejections while a program runs. */
interface Rejections {
  /** Rejects with the error of the first unhandled rejection. */
  readonly first: Promise<never>;
  /** Restores the previous listeners after the last pending rejections. */
  release(): Promise<void>;
}

const EVENTS = ["unhandledRejection", "uncaughtException"] as const;
type Listener = (...args: unknown[]) => void;

/**
 * Handles unhandled rejections. The SDK reports a failed registration or `apply` only as an unhandled rejection, and
 * one failure may reject several promises.
 */
export function catchRejections(): Rejections {
  let reject: (error: unknown) => void = () => undefined;
  const first = new Promise<never>((_, rejectFirst) => {
    reject = rejectFirst;
  });
  first.catch(() => undefined); // after the race, the error was reported already

  const listener = (error: unknown) => reject(error);
  const former = EVENTS.map((event) => ({
    event,
    listeners: process.listeners(event as "unhandledRejection"),
  }));
  for (const event of EVENTS) process.removeAllListeners(event).on(event, listener);

  return {
    first,
    release: async () => {
      await stragglers();
      for (const { event, listeners } of former) {
        process.off(event, listener);
        for (const listener of listeners) process.on(event, listener as Listener);
      }
    },
  };
}

/** Node reports an unhandled rejection only once no other promise has work, and a closing connection's later still. */
export async function stragglers(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}
