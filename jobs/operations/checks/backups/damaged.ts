import { check, count, fault, ok } from "../check";
import { withStanding } from "./standing";

export const damaged = check({
  id: "backups.damaged",
  title: "no backup is damaged",
  severity: "critical",
  means: "A damaged backup cannot be restored.",
  next: "jobs backup verify",
  runbook: "docs/runbooks/restore.md#a-backup-is-damaged",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing) => {
      const damaged = standing.value("backup_damaged_count") ?? 0;
      return damaged === 0 ? ok("none") : fault(`${count(damaged, "backup")} damaged`);
    }),
});
