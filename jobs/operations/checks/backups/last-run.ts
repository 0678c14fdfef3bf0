import { check, fault, notChecked, ok } from "../check";
import { lastRun, withStanding } from "./standing";

export const lastCreate = check({
  id: "backups.last-run",
  title: "the last backup succeeded",
  severity: "critical",
  means: "The last attempt failed; the one before it is what can be restored.",
  next: "kubectl -n postgres get jobs --sort-by .metadata.creationTimestamp",
  runbook: "docs/runbooks/restore.md#backups-are-too-old",
  run: (readers, platform) =>
    withStanding(readers, platform, (standing) => {
      const run = lastRun(standing, "create");
      if (!run) return notChecked("no report of a backup is known");
      return run.good ? ok("it succeeded") : fault("it failed");
    }),
});
