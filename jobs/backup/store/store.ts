import type { Context, ObjectStoreAddress, Outcome } from "../../shared";
import { SealedStore } from "./sealed";

interface StoreArgs {
  readonly store: ObjectStoreAddress;
  /** Long work does not end with a storage that comes back within this time, in milliseconds; the log says that it waits. */
  readonly patience: number;
  /** The key of encrypted backups; without it they can be listed, checked and removed, and not read. */
  readonly identity?: string | undefined;
}

/** Opens a bucket for the time of one piece of work. */
export async function withStore(
  { store: address, patience, identity }: StoreArgs,
  { signal, log }: Pick<Context, "signal" | "log">,
  work: (store: SealedStore) => Promise<Outcome>,
): Promise<Outcome> {
  const onWait = (why: string) => log.warn(`waiting: ${why}`);
  const store = new SealedStore(address, signal, { ms: patience, onWait });
  store.identity = identity;
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
