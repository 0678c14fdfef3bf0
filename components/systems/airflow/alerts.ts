import { type AlertRule, alertsOf } from "../../shared/alert-rule";
import { AIRFLOW } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/airflow.md");

/** What a person must hear of Airflow. */
export function airflowAlerts(): AlertRule[] {
  const silent = (heartbeats: string) => `sum(increase(${heartbeats}[5m])) == 0 or absent(${heartbeats})`;
  /** Of the last quarter of an hour; a series that begins with its first event has not increased yet. */
  const lately = (series: string, by: string) =>
    `sum by (${by}) (increase(${series}[15m])) > 0 or (sum by (${by}) (${series}) > 0 unless sum by (${by}) (${series} offset 15m))`;
  return [
    {
      ...critical("AirflowMetricsMissing", "10m", "Nothing is known of Airflow", "metrics-are-missing"),
      expr: `absent(up{job="${AIRFLOW.statsd}"} == 1)`,
    },
    {
      ...critical(
        "AirflowSchedulerSilent",
        "5m",
        "Airflow's scheduler does not run",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_scheduler_heartbeats_total"),
    },
    {
      ...critical(
        "AirflowTriggererSilent",
        "5m",
        "Airflow's triggerer does not run: jobs end and nobody notices",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_triggerer_heartbeats_total"),
    },
    {
      ...warning(
        "AirflowDagProcessorSilent",
        "10m",
        "Airflow reads no DAGs: streams neither come nor go",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_dag_processor_heartbeats_total"),
    },
    {
      ...warning(
        "AirflowImportErrors",
        "5m",
        "A file of Airflow's DAGs is not understood",
        "a-dag-file-has-import-errors",
      ),
      expr: "max(airflow_import_errors) > 0",
    },
    {
      ...warning(
        "AirflowTaskFails",
        "0m",
        "{{ $labels.dag_id }}: {{ $labels.task_id }} fails",
        "a-task-fails",
      ),
      expr: lately('airflow_task_finishes_total{state="failed"}', "dag_id, task_id"),
    },
    {
      ...warning("AirflowTasksLost", "0m", "Tasks of Airflow were lost with their process", "tasks-are-lost"),
      expr: lately("airflow_tasks_lost_total", "job"),
    },
    {
      ...warning("AirflowTriggersFail", "0m", "What waits for jobs to end fails itself", "tasks-are-lost"),
      expr: lately("airflow_triggers_failed_total", "job"),
    },
    {
      ...warning(
        "AirflowPoolStarves",
        "15m",
        "Jobs wait for a place in the pool {{ $labels.pool_name }}",
        "a-pool-is-full",
      ),
      expr: "max by (pool_name) (airflow_pool_starving_tasks) > 0",
    },
  ];
}
