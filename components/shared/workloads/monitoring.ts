import type { AlertRule, RecordingRule } from "./alert-rule";
import type { Dashboard } from "./dashboard";

/** What a workload declares about its monitoring. The cluster layer creates the objects from it. */
export interface WorkloadMonitoring {
  /** Name of the workload: its alert group has this name, and its chart starts with it. */
  readonly workload: string;
  /** @default nothing to scrape, and no alerts */
  readonly metrics?: WorkloadMetrics;
  /** @default no dashboard */
  readonly dashboard?: Dashboard;
}

/** Where Prometheus finds a workload's metrics, and the alerts on them. */
export interface WorkloadMetrics {
  /** Name and labels of the monitor and of the rules. */
  readonly object: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  /** @default none: the metrics that the alerts read come from another workload */
  readonly scrape?: Scrape;
  readonly alerts: readonly AlertRule[];
  /** Series that dashboards read over long ranges. @default none */
  readonly recordings?: readonly RecordingRule[];
}

export interface Scrape {
  /** Whether Prometheus finds the pods through a Service, which names the `job` label, or by themselves. */
  readonly through: "service" | "pods";
  /** Labels of that Service, or of the pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** Endpoints in the format of the Prometheus operator. */
  readonly endpoints: ReadonlyArray<Readonly<Record<string, unknown>>>;
}
