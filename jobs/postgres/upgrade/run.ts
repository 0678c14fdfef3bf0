import { copyFile, rename, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Context, JobError } from "../../shared";
import type { Transfer } from "../actions";
import { dataFolders, majorOf, readControl, requireStopped, sizeOf } from "./data-folders";
import { initialize, parametersOf, pgUpgrade } from "./pg-upgrade";
import type { Release } from "./programs";

export interface RunUpgradeArgs {
  readonly data: string;
  readonly old: Release;
  readonly new: Release;
  readonly transfer: Transfer;
}

/** A copy needs as much room as the data, and some for WAL and the new catalogue. */
const ROOM_BEYOND_DATA = 512 * 2 ** 20;

/** The configuration that all members share, as Patroni caches it: a cluster without one in etcd starts with it. */
const PATRONI_CACHE = "patroni.dynamic.json";

/**
 * Moves a stopped leader's data to the new release. Until the last two renames nothing of the data has changed, so the
 * members can start with the old release whatever happened before. A second run continues where the first was cut.
 */
export async function runUpgrade(
  args: RunUpgradeArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<string> {
  const { data, old, new: next, transfer } = args;
  const folders = dataFolders(data);
  const took = finishSwap(args);
  if (await took) return `${data} is of PostgreSQL ${next.major} already; start the members`;
  const major = majorOf(data);
  if (major !== old.major) {
    throw new JobError(
      `${data} is ${major === undefined ? "empty" : `of PostgreSQL ${major}`}, and the upgrade goes from ${old.major} to ${next.major}`,
    );
  }
  const control = await readControl(old, data, signal);
  requireStopped(control, data);
  if (transfer === "copy") await requireRoom(data);
  const parameters = await parametersOf(old, data, signal);
  const work = join(dirname(data), "pg_upgrade");
  const upgrade = {
    old: { release: old, data },
    new: { release: next, data: folders.coming },
    ...{ parameters, transfer, work, log, signal },
  };
  log.info(`making an empty cluster of PostgreSQL ${next.major}`);
  await initialize(next, folders.coming, control, signal);
  await pgUpgrade(upgrade, { check: true });
  log.info({ transfer }, `pg_upgrade brings the data from ${old.major} to ${next.major}`);
  await pgUpgrade(upgrade, { check: false });
  await copyFile(join(data, PATRONI_CACHE), join(folders.coming, PATRONI_CACHE)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    },
  );
  await rename(data, folders.former);
  await rename(folders.coming, data);
  await rm(work, { recursive: true, force: true });
  return `${data} is of PostgreSQL ${next.major} now; ${folders.former} keeps the data of ${old.major} until the upgrade is confirmed`;
}

/** Whether the upgrade is done; a run that was cut between its two renames is completed first. */
async function finishSwap({ data, old, new: next }: RunUpgradeArgs): Promise<boolean> {
  const folders = dataFolders(data);
  if (majorOf(folders.former) !== old.major) return false;
  if (majorOf(data) === undefined && majorOf(folders.coming) === next.major)
    await rename(folders.coming, data);
  if (majorOf(data) === next.major) return true;
  throw new JobError(
    `${folders.former} has data of an upgrade that was not confirmed; confirm it, or take the way back, before another one`,
  );
}

async function requireRoom(data: string): Promise<void> {
  const [{ bavail, bsize }, size] = await Promise.all([statfs(dirname(data)), sizeOf(data)]);
  const room = bavail * bsize;
  const needed = size + ROOM_BEYOND_DATA;
  if (room >= needed) return;
  throw new JobError(
    `the copy needs ${gib(needed)} GiB and the volume has ${gib(room)} GiB free: raise postgres.volumeGib, or set ` +
      "UPGRADE_TRANSFER=link, which needs no room and whose only way back is a recovery from the archive",
  );
}

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
