import { check, fault, hoursBetween, ok } from "../check";
import { withStanding } from "./standing";

export const newest = check({
  id: "backups.newest",
  title: "the newest good backup is fresh",
  severity: "critical",
  means: "What was written since then can only be recovered from the WAL archive.",
  next: "kubectl -n postgres create job --from=cronjob/backup-create backup-now",
  runbook: "docs/runbooks/restore.md#backups-are-too-old",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing, { maxAgeHours }) => {
      const at = standing.value("backup_last_success_timestamp");
      if (at === undefined) return fault("there is no good backup");
      const hours = hoursBetween(at * 1000, readers.now());
      const text = `it is ${hours.toFixed(1)} hours old; at most ${maxAgeHours} are allowed`;
      return hours <= maxAgeHours ? ok(text) : fault(text);
    }),
});
