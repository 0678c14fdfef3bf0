import { repositoryUrl } from "../repository";

/** A Prometheus alert, in the format of the `rules` in a PrometheusRule group. */
export interface AlertRule {
  /** The alert's name. */
  readonly alert: string;
  /** The PromQL expression; the alert is active while it returns a series. */
  readonly expr: string;
  /** How long the expression must hold before the alert fires, for example `5m`. */
  readonly for: string;
  readonly labels: {
    readonly severity: "warning" | "critical";
    /** Another alert that explains this one: while it fires, Alertmanager does not send this one. */
    readonly explained_by?: string;
  };
  /** The text of the notification, and the address of the runbook's section to follow. */
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

/** A series that Prometheus computes at each evaluation, so that long ranges of it are cheap to read. */
export interface RecordingRule {
  /** The series' name, in the form level:metric:operation. */
  readonly record: string;
  readonly expr: string;
  /** Labels that the series gets. @default none but those of the expression */
  readonly labels?: Readonly<Record<string, string>>;
}

type Severity = AlertRule["labels"]["severity"];

/** The alert of a lost server. */
export const SERVER_DOWN = "ServerDown";

/** Functions for the alerts of one runbook. Each alert refers to the section to follow when it fires. */
export function alertsOf(runbook: string) {
  const described =
    (severity: Severity) => (alert: string, duration: string, summary: string, section: string) => ({
      alert,
      for: duration,
      labels: { severity },
      annotations: { summary, runbook_url: repositoryUrl(`${runbook}#${section}`) },
    });
  return { critical: described("critical"), warning: described("warning") };
}

/**
 * An alert on redundancy that a lost server raises too. It is not sent while `ServerDown` fires; an alert on what no
 * longer works must not be marked.
 */
export const explainedByServerDown = (rule: AlertRule): AlertRule => ({
  ...rule,
  labels: { ...rule.labels, explained_by: SERVER_DOWN },
});
