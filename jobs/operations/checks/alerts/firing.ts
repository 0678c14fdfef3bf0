import { check, noneOf, notApplicable } from "../check";
import { firingAlerts } from "./firing-alerts";

export const firing = check({
  id: "alerts.firing",
  title: "no alert fires",
  severity: "warning",
  means: "Prometheus sees a fault; each alert names its own section of a runbook.",
  next: "kubectl -n monitoring port-forward service/kube-prometheus-stack-alertmanager 9093",
  runbook: "docs/runbooks/health.md#alerts-fire",
  run: async (readers, { prometheus }) => {
    if (!prometheus) return notApplicable("the stack has no monitoring");
    const firing = (await firingAlerts(readers)).filter(
      ({ labels: { severity, alertname = "" } }) =>
        // The alerts on these checks would only repeat what the last run found.
        (severity === "critical" || severity === "warning") && !alertname.startsWith("HealthChecks"),
    );
    const names = [...new Set(firing.map(({ labels }) => `${labels.alertname} (${labels.severity})`))].sort();
    return noneOf(names, "none");
  },
});
