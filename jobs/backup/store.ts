import { type Context, ObjectStore, type ObjectStoreAddress, type Outcome, type Patience } from "../shared";

/** Opens a bucket for the time of one piece of work. */
export async function withStore(
  address: ObjectStoreAddress,
  signal: AbortSignal,
  work: (store: ObjectStore) => Promise<Outcome>,
  patience?: Patience,
): Promise<Outcome> {
  const store = new ObjectStore(address, signal, patience);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

/** Long work does not end with a storage that comes back within this time; the log says that it waits. */
export const waiting = (ms: number, { log }: Pick<Context, "log">): Patience => ({
  ms,
  onWait: (why) => log.warn(`waiting: ${why}`),
});
