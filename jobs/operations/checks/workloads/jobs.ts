import { check, count, noneOf } from "../check";

export const jobs = check({
  id: "workloads.jobs",
  title: "the last run of every Job succeeded",
  severity: "warning",
  means: "A migration, a backup or an import has failed; its schedule tries again, a single Job does not.",
  next: "kubectl -n <namespace> logs job/<name>",
  runbook: "docs/runbooks/health.md#a-job-failed",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const jobs = (await kubernetes.all("jobs"))
      .filter(({ metadata }) => namespaces.includes(metadata.namespace))
      .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
    // The newest run of a schedule says how it is; a Job without one stands for itself.
    const newest = new Map(
      jobs.map((job) => {
        const owner = job.metadata.ownerReferences.find(({ kind }) => kind === "CronJob");
        return [`${job.metadata.namespace}/${owner?.name ?? job.metadata.name}`, job];
      }),
    );
    const failed = [...newest].filter(([, { status }]) =>
      status.conditions.some(({ type, status: is }) => type === "Failed" && is === "True"),
    );
    return noneOf(
      failed.map(([name]) => `${name} failed`),
      `${count(newest.size, "Job")} without a failure`,
    );
  },
});
