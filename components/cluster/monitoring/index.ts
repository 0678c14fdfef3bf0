export { GRAFANA_SECRET, MONITORING, monitoring } from "./monitoring";
export { metricsObjects, monitorWorkload } from "./workload-monitoring";
