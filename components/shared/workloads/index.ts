export { type AlertRule, alertsOf } from "./alert-rule";
export { DASHBOARD_LABEL, type Dashboard, type Panel, renderedDashboard } from "./dashboard";
export type { Scrape, WorkloadMetrics, WorkloadMonitoring } from "./monitoring";
export type { Destination, PodSecurity, WorkloadNamespace } from "./namespace";
export type { Allowance, Peer, PodLabels, Protocol } from "./network-access";
export { PRIORITY_CLASSES } from "./priority-classes";
