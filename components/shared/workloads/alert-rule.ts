/** A Prometheus alert, in the format of the `rules` in a PrometheusRule group. */
export interface AlertRule {
  /** The alert's name. */
  readonly alert: string;
  /** The PromQL expression; the alert is active while it returns a series. */
  readonly expr: string;
  /** How long the expression must hold before the alert fires, for example `5m`. */
  readonly for: string;
  readonly labels: { readonly severity: "warning" | "critical" };
  /** The text of the notification, and the section of the runbook to follow. */
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

type Severity = AlertRule["labels"]["severity"];

/** Functions for the alerts of one runbook. Each alert refers to the section to follow when it fires. */
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
