import type { Database, GaugeFamily } from "../../shared";

/** Metrics for Prometheus: one query for each family, run at each scrape. Each column but `value` is a label. */
const FAMILIES: readonly { name: string; help: string; sql: string }[] = [
  {
    name: "rain_readings",
    help: "Daily readings in the record, by the file format that they come from",
    sql: "SELECT source, count(*)::float AS value FROM reading GROUP BY source",
  },
  {
    name: "rain_last_reading_timestamp_seconds",
    help: "The newest day of the record",
    sql: "SELECT source, extract(epoch FROM max(day))::float AS value FROM reading GROUP BY source",
  },
  {
    name: "rain_last_import_timestamp_seconds",
    help: "When an import of the format last completed",
    sql: "SELECT source, extract(epoch FROM max(finished_at))::float AS value FROM import_run WHERE status = 'completed' GROUP BY source",
  },
  {
    name: "rain_imports",
    help: "Files whose newest import ended so",
    sql: "SELECT status, count(*)::float AS value FROM (SELECT DISTINCT ON (subject) status FROM import_run ORDER BY subject, id DESC) AS newest GROUP BY status",
  },
  {
    name: "rain_import_problems",
    help: "Places that the newest imports did not understand",
    sql: "SELECT coalesce(sum(problems), 0)::float AS value FROM (SELECT DISTINCT ON (subject) problems FROM import_run ORDER BY subject, id DESC) AS newest",
  },
  {
    name: "rain_gauges",
    help: "Gauges, by what is known of their official record",
    sql: "SELECT coalesce(fopr_available::text, 'unknown') AS official_record, count(*)::float AS value FROM gauge GROUP BY 1",
  },
  {
    name: "rain_measured_days",
    help: "Days with a value, by water year",
    sql: "SELECT water_year::text, sum(rain_days + dry_days)::float AS value FROM water_year_summary GROUP BY 1",
  },
];

/** The state of the record. */
export async function recordFamilies(database: Database): Promise<GaugeFamily[]> {
  const families: GaugeFamily[] = [];
  for (const { name, help, sql } of FAMILIES) {
    const { rows } = await database.query<Record<string, string> & { value: number | null }>(sql);
    const samples = rows.map(({ value, ...labels }) => ({
      labels,
      value: value === null ? undefined : Number(value),
    }));
    families.push({ name, help, samples });
  }
  return families;
}
