import type { InlineChart, Manifest } from "../../cluster";
import { airflowAlerts } from "./alerts";
import { AIRFLOW, AIRFLOW_NAMESPACE, labelsOf } from "./names";

const metadata = {
  name: AIRFLOW.statsd,
  namespace: AIRFLOW_NAMESPACE,
  labels: labelsOf(AIRFLOW.statsd),
};

const manifests: readonly Manifest[] = [
  {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata,
    spec: {
      selector: { matchLabels: labelsOf(AIRFLOW.statsd) },
      endpoints: [{ port: "metrics", interval: "30s" }],
    },
  },
  {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata,
    spec: { groups: [{ name: "airflow", rules: airflowAlerts() }] },
  },
];

/**
 * Airflow's scrape configuration and alerts for Prometheus. The add-ons install the CRDs of these objects, so a Helm
 * chart applies them: it retries until the CRDs exist.
 */
export const addOnObjects: InlineChart = { name: "airflow-add-on-objects", manifests };
