import { check, count, noneOf, notApplicable } from "../check";

export const targets = check({
  id: "alerts.targets",
  title: "Prometheus reaches all that it scrapes",
  severity: "warning",
  means: "The alerts on a program that is not scraped stay silent.",
  next: "kubectl -n monitoring port-forward service/kube-prometheus-stack-prometheus 9090",
  runbook: "docs/runbooks/health.md#a-program-is-not-scraped",
  run: async ({ prometheus }, { prometheus: url }) => {
    if (!url) return notApplicable("the stack has no monitoring");
    const targets = await prometheus.some("min by (job, namespace) (up)");
    const down = targets.filter(({ value }) => value !== 1);
    return noneOf(
      down.map(({ labels }) => `${labels.namespace ?? "servers"}/${labels.job} is not scraped`),
      `${count(targets.length, "job")} scraped`,
    );
  },
});
