export { AddOns, type AddOnsArgs } from "./add-ons";
export { watchCapacity } from "./capacity";
export { type ClusterLayer, clusterFor } from "./from-settings";
export { addOnObjects, type Manifest } from "./helm";
export { logAlerts } from "./logs";
export {
  ALERTMANAGER,
  alertmanagerConfig,
  ingressCertificateAlerts,
  metricsObjects,
  monitorWorkload,
} from "./monitoring";
export { Foundation, type FoundationArgs, networkPolicies } from "./namespaces";
