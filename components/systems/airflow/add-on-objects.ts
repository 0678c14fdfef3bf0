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

/** What Prometheus is told of Airflow. Its kinds come with it, so these objects come as a chart that waits. */
export const addOnObjects: InlineChart = { name: "airflow-add-on-objects", manifests };
