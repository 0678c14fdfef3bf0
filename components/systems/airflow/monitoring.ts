import type { WorkloadMonitoring } from "../../shared/workloads";
import { airflowAlerts } from "./alerts";
import { AIRFLOW_PANELS } from "./dashboards";
import { AIRFLOW, labelsOf } from "./names";

/** The metrics that the StatsD exporter exposes, the alerts on them, and the dashboard. */
export const airflowMonitoring: WorkloadMonitoring = {
  workload: "airflow",
  metrics: {
    object: { name: AIRFLOW.statsd, labels: labelsOf(AIRFLOW.statsd) },
    scrape: {
      through: "service",
      selector: labelsOf(AIRFLOW.statsd),
      endpoints: [{ port: "metrics", interval: "30s" }],
    },
    alerts: airflowAlerts(),
  },
  dashboard: {
    object: { name: AIRFLOW.dashboard, labels: labelsOf(AIRFLOW.dashboard) },
    file: "airflow.json",
    uid: "trellis-airflow",
    title: "Airflow",
    panels: AIRFLOW_PANELS,
  },
};
