import type { Platform } from "../../platform";
import { type Metrics, type Readers, Unanswered } from "../../readers";
import { type Finding, notApplicable } from "../check";

const WHO = "the exporter of the backups";

/** Judges the metrics on the backups, if the stack makes any and watches them. */
export async function withStanding<T>(
  { metrics }: Readers,
  { backups }: Platform,
  judge: (standing: Metrics, backups: NonNullable<Platform["backups"]>) => T,
): Promise<T | Finding> {
  if (!backups) return notApplicable("the stack makes no backups");
  if (!backups.metrics) return notApplicable("the stack has no monitoring");
  const standing = await metrics(WHO, backups.metrics);
  if (standing.value("backup_store_up") !== 1) throw new Unanswered(WHO, "it cannot read the bucket");
  return judge(standing, backups);
}

/** How the last run of a verb ended. */
export function lastRun(standing: Metrics, verb: string) {
  const at = standing.value("backup_run_timestamp", { verb });
  return at === undefined
    ? undefined
    : { at: at * 1000, good: standing.value("backup_run_good", { verb }) === 1 };
}
