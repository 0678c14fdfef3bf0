export {
  type AlertRule,
  alertsOf,
  explainedByServerDown,
  type RecordingRule,
  SERVER_DOWN,
} from "./alert-rule";
export { DASHBOARD_LABEL, type Dashboard, type Panel, renderedDashboard } from "./dashboard";
export type { Scrape, WorkloadMetrics, WorkloadMonitoring } from "./monitoring";
export type { Destination, PodSecurity, WorkloadNamespace } from "./namespace";
export {
  type Allowance,
  MONITORING_NAMESPACE,
  type Peer,
  type PodLabels,
  PRIVATE_RANGES,
  type Protocol,
  SYSTEM_NAMESPACE,
} from "./network-access";
export { PRIORITY_CLASSES } from "./priority-classes";
