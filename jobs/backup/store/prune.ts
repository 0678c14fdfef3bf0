import type { ObjectStore } from "../../shared";
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
}

export const prunedText = ({ removed, reports, uploads, kept }: Pruned) =>
  `removed ${removed.length} backups (${removed.join(", ") || "none"}), ` +
  `${reports} reports, ${uploads} dead uploads; kept ${kept} backups`;

/** Lists everything first, and deletes only what it has listed. The first deletion already makes a backup invalid. */
export async function prune(store: ObjectStore, now: Date, retentionDays: number): Promise<Pruned> {
  const backups = await listBackups(store);
  const reports = await listReports(store);
  const expired = chooseExpired(backups, now, retentionDays);
  for (const backup of expired) {
    const manifest = manifestKey(backup.name);
    const others = backup.keys.filter((key) => key !== manifest);
    for (const key of backup.keys.includes(manifest) ? [manifest, ...others] : others)
      await store.remove(key);
  }
  const oldReports = reports.filter(
    (key) => now.getTime() - reportTime(key).getTime() > retentionDays * DAY_MS,
  );
  for (const key of oldReports) await store.remove(key);
  return {
    removed: expired.map(({ name }) => name),
    kept: backups.length - expired.length,
    reports: oldReports.length,
    uploads: await store.abortUploads("postgres_", new Date(now.getTime() - ABANDONED_AFTER_MS)),
  };
}
