import type { Panel } from "../../shared/workloads";

/** The panels about Airflow itself. */
export const AIRFLOW_PANELS: readonly Panel[] = [
  {
    title: "Finished runs by outcome",
    expr: "sum by (outcome) (increase(airflow_dag_run_seconds_count[5m]))",
    legend: "{{outcome}}",
  },
  {
    title: "Failed tasks",
    expr: 'sum by (dag_id) (increase(airflow_task_finishes_total{state="failed"}[5m]))',
    legend: "{{dag_id}}",
  },
  {
    title: "Scheduler heartbeats per minute",
    expr: "sum(rate(airflow_scheduler_heartbeats_total[5m])) * 60",
    legend: "scheduler",
  },
  {
    title: "Triggerer heartbeats per minute",
    expr: "sum(rate(airflow_triggerer_heartbeats_total[5m])) * 60",
    legend: "triggerer",
  },
  {
    title: "Delay of scheduled runs, 95th percentile",
    expr: "histogram_quantile(0.95, sum by (le) (rate(airflow_dag_run_delay_seconds_bucket[15m])))",
    legend: "delay",
    unit: "s",
  },
  { title: "Time to parse all DAGs", expr: "max(airflow_parse_seconds)", legend: "parsing", unit: "s" },
  { title: "DAG files with import errors", expr: "max(airflow_import_errors)", legend: "import errors" },
  {
    title: "Used pool slots",
    expr: "max by (pool_name) (airflow_pool_running_slots + airflow_pool_deferred_slots)",
    legend: "{{pool_name}}",
  },
  {
    title: "Tasks waiting for a pool slot",
    expr: "max by (pool_name) (airflow_pool_starving_tasks)",
    legend: "{{pool_name}}",
  },
  { title: "Jobs that tasks wait for", expr: "sum(airflow_triggers_running)", legend: "triggers" },
  { title: "Free executor slots", expr: "min(airflow_executor_open_slots)", legend: "open" },
];
