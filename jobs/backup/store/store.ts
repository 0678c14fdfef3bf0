import { type Context, ObjectStore, type ObjectStoreAddress, type Outcome } from "../../shared";

interface StoreArgs {
  readonly store: ObjectStoreAddress;
  /** Long work does not end with a storage that comes back within this time, in milliseconds; the log says that it waits. */
  readonly patience: number;
}

/** Opens a bucket for the time of one piece of work. */
export async function withStore(
  { store: address, patience }: StoreArgs,
  { signal, log }: Pick<Context, "signal" | "log">,
  work: (store: ObjectStore) => Promise<Outcome>,
): Promise<Outcome> {
  const onWait = (why: string) => log.warn(`waiting: ${why}`);
  const store = new ObjectStore(address, signal, { ms: patience, onWait });
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
