import { check, fault, hoursBetween, notApplicable, ok } from "../check";
import { lastRun, withStanding } from "./standing";

/** One a week, and a day of grace. */
const MOST_DAYS = 8;

export const drill = check({
  id: "backups.drill",
  title: "a backup was restored on trial within a week",
  severity: "warning",
  means: "A backup that was never restored is a hope.",
  next: "kubectl -n postgres create job --from=cronjob/backup-drill drill-now",
  runbook: "docs/runbooks/restore.md#a-drill-failed",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing) => {
      if (platform.environment === "dev") return notApplicable("dev makes no drills by itself");
      const run = lastRun(standing, "drill");
      if (!run) return fault("there was none");
      const days = hoursBetween(run.at, readers.now()) / 24;
      if (!run.good) return fault("the last one failed");
      return days <= MOST_DAYS
        ? ok(`${days.toFixed(1)} days ago`)
        : fault(`the last was ${days.toFixed(1)} days ago`);
    }),
});
