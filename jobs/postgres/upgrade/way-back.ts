import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Context, JobError } from "../../shared";
import { dataFolders, majorOf, readControl, requireStopped } from "./data-folders";
import type { RunUpgradeArgs } from "./run";

/** Puts the data of the old release back. What was written since the upgrade stays in a folder of its own. */
export async function takeBack(
  { data, old, new: next }: RunUpgradeArgs,
  { signal }: Pick<Context, "signal">,
): Promise<string> {
  const folders = dataFolders(data);
  if (majorOf(folders.former) !== old.major) {
    if (majorOf(data) === old.major)
      return `${data} is of PostgreSQL ${old.major} already; start the members`;
    throw new JobError(
      `${folders.former} has no data of PostgreSQL ${old.major}: the upgrade was confirmed. Recover from the archive instead (docs/runbooks/point-in-time.md)`,
    );
  }
  // pg_upgrade disables the old cluster by this name when both share their files.
  if (existsSync(join(folders.former, "global/pg_control.old"))) {
    throw new JobError(
      `${folders.former} shares its files with the new data, which have changed since (UPGRADE_TRANSFER=link). Recover from the archive instead (docs/runbooks/point-in-time.md)`,
    );
  }
  if (majorOf(data) === next.major) {
    requireStopped(await readControl(next, data, signal), data);
    await rm(folders.abandoned, { recursive: true, force: true });
    await rename(data, folders.abandoned);
  }
  await rename(folders.former, data);
  return `${data} is of PostgreSQL ${old.major} again; ${folders.abandoned} keeps what was written since the upgrade`;
}

/** Deletes what an upgrade or a way back has left; after that there is no way back. Members may run meanwhile. */
export async function confirmUpgrade({ data, old, new: next }: RunUpgradeArgs): Promise<string> {
  const folders = dataFolders(data);
  const major = majorOf(data);
  if (major !== next.major && majorOf(folders.former) !== undefined) {
    throw new JobError(
      `${data} is ${major === undefined ? "empty" : `of PostgreSQL ${major}`}, not of ${next.major}: only a finished upgrade can be confirmed`,
    );
  }
  const left = [folders.former, folders.abandoned, folders.coming].filter((folder) => existsSync(folder));
  for (const folder of left) await rm(folder, { recursive: true });
  return left.length === 0
    ? `nothing of PostgreSQL ${old.major} is left`
    : `deleted ${left.join(", ")}: there is no way back to PostgreSQL ${old.major} from here`;
}
