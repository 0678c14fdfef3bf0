/** The promises that nobody awaits, while a program runs. */
interface Rejections {
  /** Rejects with the first error of a promise that nobody awaits. */
  readonly first: Promise<never>;
  /** Gives the process its own listeners back, once the stragglers have come in. */
  release(): Promise<void>;
}

const EVENTS = ["unhandledRejection", "uncaughtException"] as const;
type Listener = (...args: unknown[]) => void;

/**
 * Takes over rejections without an owner. The SDK reports a failed registration or `apply` by such a rejection only,
 * and one failure can come up through several promises.
 */
export function catchRejections(): Rejections {
  let reject: (error: unknown) => void = () => undefined;
  const first = new Promise<never>((_, rejectFirst) => {
    reject = rejectFirst;
  });
  first.catch(() => undefined); // an error that comes after the race is over has already been told

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

/** What was rejected while connections closed surfaces within a few turns of the event loop. */
async function stragglers(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}
