import { check, count, noneOf, notApplicable } from "../check";

export const schedules = check({
  id: "backups.schedules",
  title: "the backups are scheduled",
  severity: "critical",
  means: "Nothing makes the next backup.",
  next: 'kubectl -n postgres patch cronjob <name> --patch \'{"spec":{"suspend":false}}\'',
  runbook: "docs/runbooks/restore.md#backups-are-too-old",
  run: async ({ kubernetes }, { backups }) => {
    if (!backups) return notApplicable("the stack makes no backups");
    const found = (await kubernetes.all("cronJobs")).filter(
      ({ metadata }) => metadata.namespace === backups.namespace,
    );
    const wrong = backups.cronJobs.flatMap((name) => {
      const cronJob = found.find(({ metadata }) => metadata.name === name);
      if (!cronJob) return [`${name} does not exist`];
      return cronJob.spec.suspend ? [`${name} is suspended`] : [];
    });
    return noneOf(wrong, `${count(backups.cronJobs.length, "schedule")} active`);
  },
});
