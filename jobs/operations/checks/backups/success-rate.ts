import { check, fault, notChecked, ok, percent } from "../check";
import { withStanding } from "./standing";

export const successRate = check({
  id: "backups.success-rate",
  title: "most of the last ten backups succeeded",
  severity: "warning",
  means: "Backups fail often: one day the newest good one will be too old.",
  next: "jobs backup monitor",
  runbook: "docs/runbooks/restore.md#backups-are-too-old",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing) => {
      const rate = standing.value("backup_success_ratio");
      if (rate === undefined) return notChecked("no report of a backup is known");
      return rate >= 0.9 ? ok(percent(rate)) : fault(`only ${percent(rate)} succeeded`);
    }),
});
