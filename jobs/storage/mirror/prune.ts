import { type Context, StoreError } from "../../shared";
import { type CopyRecord, recordPrefix } from "./records";
import type { BucketCounts } from "./state";
import type { Stores } from "./stores";
import { recordGroups } from "./walk";

const DAY_MS = 24 * 3_600_000;

/** An upload that was begun before so long is of a run that was killed. */
const ABANDONED_AFTER_MS = DAY_MS;

interface PruneArgs {
  readonly stores: Pick<Stores, "copy">;
  readonly buckets: readonly string[];
  readonly keepDays: number;
}

/** Removes what was replaced or deleted more than so many days ago. Only this verb needs a key that can delete. */
export async function prune(
  { stores: { copy }, buckets, keepDays }: PruneArgs,
  { signal }: Pick<Context, "signal">,
  tell: (bucket: string, counts: BucketCounts) => void,
): Promise<void> {
  const before = new Date(Date.now() - keepDays * DAY_MS);
  for (const bucket of buckets) {
    const counts = { removed: 0, locked: 0, uploads: 0 };
    for await (const { records } of recordGroups(copy.versions(recordPrefix(bucket)))) {
      signal.throwIfAborted();
      for (const record of expired(records, before)) {
        for (const { key, version } of record.stored) {
          try {
            await copy.removeVersion(key, version);
          } catch (error) {
            // The store's object lock is longer than the setting: a later run removes it.
            if (!(error instanceof StoreError && LOCKED.includes(error.code))) throw error;
            counts.locked++;
          }
        }
        counts.removed++;
      }
    }
    counts.uploads = await copy.abortUploads(`${bucket}/`, new Date(Date.now() - ABANDONED_AFTER_MS));
    tell(bucket, counts);
  }
}

const LOCKED = ["AccessDenied", "ObjectLocked", "InvalidRequest"];

/**
 * The records that may go, oldest first. A record is replaced when the next one was stored, by the store's own clock. The
 * newest record stays, unless it is a deletion and all before it goes too.
 */
export function expired(records: readonly CopyRecord[], before: Date): CopyRecord[] {
  const found: CopyRecord[] = [];
  for (const [index, record] of records.entries()) {
    const next = records[index + 1];
    const replacedAt = next
      ? next.first.modified
      : record.id === undefined
        ? record.first.modified
        : undefined;
    if (replacedAt === undefined || replacedAt >= before) break;
    found.push(record);
  }
  return found;
}
