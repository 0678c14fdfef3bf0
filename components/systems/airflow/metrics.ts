import { stringify } from "yaml";

/** A metric for Prometheus and its name in Airflow (listed in Airflow's metrics_template.yaml). */
interface Metric {
  readonly airflow: string;
  readonly kind: "counter" | "gauge" | "timer";
  readonly name: string;
  /** Labels besides Airflow's own tags (DAG, task, state, pool). */
  readonly labels?: Readonly<Record<string, string>>;
}

const counter = (airflow: string, name: string): Metric => ({ airflow, kind: "counter", name });
const gauge = (airflow: string, name: string): Metric => ({ airflow, kind: "gauge", name });
const timer = (airflow: string, name: string, labels?: Metric["labels"]): Metric => ({
  airflow,
  kind: "timer",
  name,
  ...(labels && { labels }),
});

export const METRICS: readonly Metric[] = [
  counter("scheduler_heartbeat", "airflow_scheduler_heartbeats_total"),
  counter("dag_processor_heartbeat", "airflow_dag_processor_heartbeats_total"),
  counter("triggerer_heartbeat", "airflow_triggerer_heartbeats_total"),
  gauge("dag_processing.import_errors", "airflow_import_errors"),
  gauge("dag_processing.total_parse_time", "airflow_parse_seconds"),
  counter("ti.finish", "airflow_task_finishes_total"),
  counter("task_instances_without_heartbeats_killed", "airflow_tasks_lost_total"),
  timer("dagrun.duration.success", "airflow_dag_run_seconds", { outcome: "success" }),
  timer("dagrun.duration.failed", "airflow_dag_run_seconds", { outcome: "failed" }),
  timer("dagrun.schedule_delay", "airflow_dag_run_delay_seconds"),
  gauge("executor.open_slots", "airflow_executor_open_slots"),
  gauge("pool.running_slots", "airflow_pool_running_slots"),
  gauge("pool.deferred_slots", "airflow_pool_deferred_slots"),
  gauge("pool.starving_tasks", "airflow_pool_starving_tasks"),
  gauge("triggers.running", "airflow_triggers_running"),
  counter("triggers.failed", "airflow_triggers_failed_total"),
];

/** Seconds; runs take seconds to hours. */
const BUCKETS = [5, 15, 30, 60, 120, 300, 900, 3600, 14_400];

/** Drop gauges 10 minutes after their last sample. */
const GAUGE_TTL = "10m";

/**
 * Renders the mapping of the StatsD exporter. The exporter drops every metric that the mapping does not name, so a new
 * release of Airflow cannot flood Prometheus with unused series.
 */
export function statsdMapping(metrics: readonly Metric[] = METRICS): string {
  return stringify({
    defaults: { observer_type: "histogram", histogram_options: { buckets: BUCKETS } },
    mappings: [
      ...metrics.map(({ airflow, kind, name, labels }) => ({
        match: `airflow.${airflow}`,
        match_metric_type: kind === "timer" ? "observer" : kind,
        name,
        ...(labels && { labels }),
        ...(kind === "gauge" && { ttl: GAUGE_TTL }),
      })),
      { match: ".", match_type: "regex", action: "drop", name: "dropped" },
    ],
  });
}

/** The names of all series that the exporter can expose, with the parts of histograms. */
export function seriesNames(metrics: readonly Metric[] = METRICS): Set<string> {
  return new Set(
    metrics.flatMap(({ name, kind }) =>
      kind === "timer" ? ["_bucket", "_sum", "_count"].map((part) => name + part) : [name],
    ),
  );
}
