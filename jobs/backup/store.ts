import { ObjectStore, type ObjectStoreAddress, type Outcome } from "../shared";

/** Opens a bucket for the time of one piece of work. */
export async function withStore(
  address: ObjectStoreAddress,
  signal: AbortSignal,
  work: (store: ObjectStore) => Promise<Outcome>,
): Promise<Outcome> {
  const store = new ObjectStore(address, signal);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
