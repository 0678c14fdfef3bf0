import { type ObjectStore, StoreError } from "../../shared";
import { type Backup, isGood, listBackups } from "./catalogue";
import { backupTime, manifestKey } from "./manifest";
import { listReports, reportTime } from "./report";

const DAY_MS = 24 * 3_600_000;

/** An unfinished backup older than this is abandoned. */
const ABANDONED_AFTER_MS = DAY_MS;

/**
 * Chooses which backups to delete: expired or abandoned ones; never the newest good one, and none while there is no
 * good one.
 */
export function chooseExpired(backups: readonly Backup[], now: Date, retentionDays: number): Backup[] {
  const newestGood = [...backups].sort((a, b) => (a.name < b.name ? 1 : -1)).find(isGood);
  return backups.filter((backup) => {
    const age = now.getTime() - backupTime(backup.name).getTime();
    if (backup.name === newestGood?.name) return false;
    // Anything that might be recoverable is kept until there is a good backup.
    if (backup.manifest !== undefined || !isUnfinished(backup)) {
      return newestGood !== undefined && age > retentionDays * DAY_MS;
    }
    return age > ABANDONED_AFTER_MS;
  });
}

const isUnfinished = ({ name, keys }: Backup) => !keys.includes(manifestKey(name));

interface Pruned {
  readonly removed: readonly string[];
  readonly kept: number;
  readonly reports: number;
  /** Incomplete uploads of killed runs, which used storage. */
  readonly uploads: number;
  /** Expired backups that the store's object lock still holds; a later run removes them. */
  readonly locked: readonly string[];
}

export const prunedText = ({ removed, reports, uploads, kept, locked }: Pruned) =>
  `removed ${removed.length} backups (${removed.join(", ") || "none"}), ` +
  `${reports} reports, ${uploads} dead uploads; kept ${kept} backups` +
  (locked.length > 0 ? `; the store still locks ${locked.join(", ")}` : "");

/** Removes one object of the bucket. */
type Remove = (store: ObjectStore, key: string) => Promise<void>;

const removeObject: Remove = (store, key) => store.remove(key);

/** In a bucket with versioning, an object without its versions would only be hidden, and use storage for ever. */
export const removeVersions: Remove = async (store, key) => {
  for await (const each of store.versions(key)) {
    if (each.key !== key) return;
    await store.removeVersion(key, each.version);
  }
};

const isLocked = (error: unknown) =>
  error instanceof StoreError && ["AccessDenied", "ObjectLocked", "InvalidRequest"].includes(error.code);

interface PruneArgs {
  readonly now: Date;
  readonly retentionDays: number;
  /** @default without the versions of an object: only people may access those in the cluster */
  readonly remove?: Remove;
}

/** Lists everything first, and deletes only what it has listed. The first deletion already makes a backup invalid. */
export async function prune(
  store: ObjectStore,
  { now, retentionDays, remove = removeObject }: PruneArgs,
): Promise<Pruned> {
  const backups = await listBackups(store);
  const reports = await listReports(store);
  const removed: string[] = [];
  const locked: string[] = [];
  for (const backup of chooseExpired(backups, now, retentionDays)) {
    const manifest = manifestKey(backup.name);
    const others = backup.keys.filter((key) => key !== manifest);
    try {
      for (const key of backup.keys.includes(manifest) ? [manifest, ...others] : others)
        await remove(store, key);
      removed.push(backup.name);
    } catch (error) {
      if (remove === removeObject || !isLocked(error)) throw error;
      locked.push(backup.name);
    }
  }
  const oldReports = reports.filter(
    (key) => now.getTime() - reportTime(key).getTime() > retentionDays * DAY_MS,
  );
  for (const key of oldReports) await remove(store, key);
  return {
    removed,
    locked,
    kept: backups.length - removed.length,
    reports: oldReports.length,
    uploads: await store.abortUploads("postgres_", new Date(now.getTime() - ABANDONED_AFTER_MS)),
  };
}
