export { GRAFANA_SECRET, MONITORING, monitoring } from "./monitoring";
