import type { Context, ObjectStoreAddress, Outcome } from "../../shared";
import { SealedStore } from "./sealed";

interface StoreArgs {
  readonly store: ObjectStoreAddress;
  /** How long, in milliseconds, long work waits for storage that does not answer; the log reports the wait. */
  readonly patience: number;
  /** The private key (age) of encrypted backups; without it they can be listed, checked and deleted, but not read. */
  readonly identity?: string | undefined;
}

/** Opens a bucket while the work runs. */
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
