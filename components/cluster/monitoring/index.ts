export { alertmanagerConfig, type Timing, timingOf } from "./alertmanager-config";
export { ingressCertificateAlerts } from "./certificate-alerts";
export {
  ALERTMANAGER,
  ALERTMANAGER_FILE,
  ALERTMANAGER_SECRET,
  ETCD_CLIENT_SECRET,
  GRAFANA_SECRET,
  MONITORING,
  monitoring,
} from "./monitoring";
export { EXPORTER_TLS, SERVER_METRICS_SECRET } from "./node-exporter";
export { RECEIVERS_FOLDER, RECEIVERS_SECRET, SECRET_FILES } from "./receivers";
export { CERT_MANAGER, TRAEFIK_PODS } from "./scrapes";
export { metricsObjects, monitorWorkload } from "./workload-monitoring";
