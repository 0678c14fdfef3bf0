import { Gauge, Registry } from "prom-client";
import type { Database } from "../../shared";

/** What Prometheus reads: one query a family, run when it asks. */
const FAMILIES: readonly { name: string; help: string; labels: readonly string[]; sql: string }[] = [
  {
    name: "rain_readings",
    help: "Daily readings in the record, by the file format that they come from",
    labels: ["source"],
    sql: "SELECT source, count(*)::float AS value FROM reading GROUP BY source",
  },
  {
    name: "rain_last_reading_timestamp_seconds",
    help: "The newest day of the record",
    labels: ["source"],
    sql: "SELECT source, extract(epoch FROM max(day))::float AS value FROM reading GROUP BY source",
  },
  {
    name: "rain_last_import_timestamp_seconds",
    help: "When an import of the format last completed",
    labels: ["source"],
    sql: "SELECT source, extract(epoch FROM max(finished_at))::float AS value FROM import_run WHERE status = 'completed' GROUP BY source",
  },
  {
    name: "rain_imports",
    help: "Files whose newest import ended so",
    labels: ["status"],
    sql: "SELECT status, count(*)::float AS value FROM (SELECT DISTINCT ON (subject) status FROM import_run ORDER BY subject, id DESC) AS newest GROUP BY status",
  },
  {
    name: "rain_import_problems",
    help: "Places that the newest imports did not understand",
    labels: [],
    sql: "SELECT coalesce(sum(problems), 0)::float AS value FROM (SELECT DISTINCT ON (subject) problems FROM import_run ORDER BY subject, id DESC) AS newest",
  },
  {
    name: "rain_gauges",
    help: "Gauges, by what is known of their official record",
    labels: ["official_record"],
    sql: "SELECT coalesce(fopr_available::text, 'unknown') AS official_record, count(*)::float AS value FROM gauge GROUP BY 1",
  },
  {
    name: "rain_measured_days",
    help: "Days with a value, by water year",
    labels: ["water_year"],
    sql: "SELECT water_year::text, sum(rain_days + dry_days)::float AS value FROM water_year_summary GROUP BY 1",
  },
];

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The state of the record in the text format of Prometheus. */
export async function metricsText(database: Database): Promise<string> {
  const registry = new Registry();
  for (const { name, help, labels, sql } of FAMILIES) {
    const family = new Gauge({ name, help, labelNames: labels, registers: [registry] });
    const { rows } = await database.query<Record<string, string> & { value: number | null }>(sql);
    for (const { value, ...of } of rows) if (value !== null) family.set(of, Number(value));
  }
  return registry.metrics();
}
