import type { Platform } from "../../../jobs/datasurface";
import { platformName } from "../../../jobs/datasurface";
import type { Panel, WorkloadMonitoring } from "../../shared/workloads";
import { dataSurfaceAlerts } from "./alerts";
import { DATASURFACE, LABELS } from "./names";

/** A dashboard with the panels of every platform. Airflow exports the metrics. */
export const dataSurfaceMonitoring = (platforms: readonly Platform[]): WorkloadMonitoring => ({
  workload: "datasurface",
  metrics: { object: { name: DATASURFACE.dashboard, labels: LABELS.common }, alerts: dataSurfaceAlerts() },
  dashboard: {
    object: { name: DATASURFACE.dashboard, labels: LABELS.common },
    file: "datasurface.json",
    uid: "trellis-datasurface",
    title: "DataSurface",
    panels: dataSurfacePanels(platforms),
  },
});

/** Grafana panels about ingestion for each platform, from Airflow's metrics of its DAGs. */
function dataSurfacePanels(platforms: readonly Platform[]): Panel[] {
  return platforms.flatMap((platform) => {
    const { name } = platform;
    const streams = `dag_id=~"${platformName(platform).replaceAll("-", "[-_]")}__.*_ingestion"`;
    return [
      {
        title: `${name}: batches per hour`,
        expr: `sum by (dag_id) (increase(airflow_dag_run_seconds_count{${streams},outcome="success"}[1h]))`,
        legend: "{{dag_id}}",
      },
      {
        title: `${name}: failed runs`,
        expr: `sum by (dag_id) (increase(airflow_dag_run_seconds_count{${streams},outcome="failed"}[15m]))`,
        legend: "{{dag_id}}",
      },
      {
        title: `${name}: run duration, 95th percentile`,
        expr: `histogram_quantile(0.95, sum by (dag_id, le) (rate(airflow_dag_run_seconds_bucket{${streams}}[15m])))`,
        legend: "{{dag_id}}",
        unit: "s" as const,
      },
      {
        title: `${name}: runs that were rescheduled at once`,
        expr: `sum by (dag_id) (increase(airflow_task_finishes_total{${streams},task_id="reschedule_immediately",state="success"}[15m]))`,
        legend: "{{dag_id}}",
      },
    ];
  });
}
