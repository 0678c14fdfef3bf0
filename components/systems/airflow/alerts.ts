import { type AlertRule, alertsOf } from "../../shared/workloads";
import { AIRFLOW } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/airflow.md");

const silent = (heartbeats: string) => `sum(increase(${heartbeats}[5m])) == 0 or absent(${heartbeats})`;

/**
 * An increase in the last 15 minutes. `increase` is 0 for a series whose first sample is its first event, so the second
 * half covers series that did not exist 15 minutes ago.
 */
const lately = (series: string, by: string) =>
  `sum by (${by}) (increase(${series}[15m])) > 0 or (sum by (${by}) (${series}) > 0 unless sum by (${by}) (${series} offset 15m))`;

export const airflowAlerts = (): AlertRule[] => [...processAlerts(), ...taskAlerts()];

function processAlerts(): AlertRule[] {
  return [
    {
      ...critical(
        "AirflowMetricsMissing",
        "10m",
        "Airflow's metrics are missing: other Airflow alerts cannot fire",
        "metrics-are-missing",
      ),
      expr: `absent(up{job="${AIRFLOW.statsd}"} == 1)`,
    },
    {
      ...critical(
        "AirflowSchedulerSilent",
        "5m",
        "Airflow's scheduler sends no heartbeats: no task starts",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_scheduler_heartbeats_total"),
    },
    {
      ...critical(
        "AirflowTriggererSilent",
        "5m",
        "Airflow's triggerer sends no heartbeats: tasks do not notice that their jobs ended",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_triggerer_heartbeats_total"),
    },
    {
      ...warning(
        "AirflowDagProcessorSilent",
        "10m",
        "Airflow's DAG processor sends no heartbeats: changes of DAGs and streams have no effect",
        "a-process-sends-no-heartbeat",
      ),
      expr: silent("airflow_dag_processor_heartbeats_total"),
    },
  ];
}

function taskAlerts(): AlertRule[] {
  return [
    {
      ...warning("AirflowImportErrors", "5m", "A DAG file has import errors", "a-dag-file-has-import-errors"),
      expr: "max(airflow_import_errors) > 0",
    },
    {
      ...warning(
        "AirflowTaskFails",
        "0m",
        "{{ $labels.dag_id }}: {{ $labels.task_id }} failed",
        "a-task-fails",
      ),
      expr: lately('airflow_task_finishes_total{state="failed"}', "dag_id, task_id"),
    },
    {
      ...warning("AirflowTasksLost", "0m", "Airflow tasks were lost with their process", "tasks-are-lost"),
      expr: lately("airflow_tasks_lost_total", "job"),
    },
    {
      ...warning(
        "AirflowTriggersFail",
        "0m",
        "Airflow triggers failed, and with them the tasks that waited for jobs",
        "tasks-are-lost",
      ),
      expr: lately("airflow_triggers_failed_total", "job"),
    },
    {
      ...warning(
        "AirflowPoolStarves",
        "15m",
        "Tasks wait for a slot in the pool {{ $labels.pool_name }}",
        "a-pool-is-full",
      ),
      expr: "max by (pool_name) (airflow_pool_starving_tasks) > 0",
    },
  ];
}
