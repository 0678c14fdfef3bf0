import { check, fault, hoursBetween, notApplicable, ok } from "../check";
import { lastRun, withStanding } from "./standing";

export const offSite = check({
  id: "backups.off-site",
  title: "the copy off the cluster is fresh",
  severity: "critical",
  means: "With the cluster, all that was backed up since then is lost.",
  next: "kubectl -n postgres create job --from=cronjob/backup-copy copy-now",
  runbook: "docs/runbooks/restore.md#off-site-copies-fail",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing, { offsite, maxAgeHours }) => {
      if (!offsite) return notApplicable("the stack has no store off the cluster");
      const run = lastRun(standing, "copy");
      if (!run) return fault("no copy was made");
      const hours = hoursBetween(run.at, readers.now());
      if (!run.good) return fault("the last copy failed");
      const text = `${hours.toFixed(1)} hours old`;
      return hours <= maxAgeHours ? ok(text) : fault(text);
    }),
});
