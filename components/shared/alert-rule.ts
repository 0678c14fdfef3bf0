/** A Prometheus rule, as the `rules` of a PrometheusRule group hold it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: "warning" | "critical" };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

type Severity = AlertRule["labels"]["severity"];

/** What all alerts of a runbook share: each names the section that a person reads when it calls. */
export function alertsOf(runbook: string) {
  const described =
    (severity: Severity) => (alert: string, duration: string, summary: string, section: string) => ({
      alert,
      for: duration,
      labels: { severity },
      annotations: { summary, runbook: `${runbook}#${section}` },
    });
  return { critical: described("critical"), warning: described("warning") };
}
