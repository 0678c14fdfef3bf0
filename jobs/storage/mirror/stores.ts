import { type Context, ObjectStore, type ObjectStoreAddress } from "../../shared";

interface StoresArgs {
  /** The object storage in the cluster; its bucket holds the reports of the runs. */
  readonly source: ObjectStoreAddress;
  /** The bucket outside of the cluster. */
  readonly offsite: ObjectStoreAddress;
  /** How long, in milliseconds, work waits for a store that does not answer. */
  readonly patience: number;
}

/** Both sides of the mirror. */
export interface Stores {
  /** A bucket of the source. Whoever opens it closes it. */
  source(bucket: string): ObjectStore;
  readonly reports: ObjectStore;
  readonly copy: ObjectStore;
}

/** Opens both sides while the work runs. */
export async function withStores<T>(
  { source, offsite, patience }: StoresArgs,
  { signal, log }: Pick<Context, "signal" | "log">,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const waiting = { ms: patience, onWait: (why: string) => log.warn(`waiting: ${why}`) };
  const open = (address: ObjectStoreAddress) => new ObjectStore(address, signal, waiting);
  const [reports, copy] = [open(source), open(offsite)];
  try {
    return await work({ source: (bucket) => open({ ...source, bucket }), reports, copy });
  } finally {
    reports.close();
    copy.close();
  }
}
