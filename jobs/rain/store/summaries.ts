import type { Database } from "../../shared";

/** Gauge months, as two lists of the same length. */
interface TouchedMonths {
  readonly gauges: readonly string[];
  /** First days of months. */
  readonly months: readonly string[];
}

const FIGURES = "total_inches, rain_days, dry_days, missing_days, greatest_inches, first_day, last_day";

const UPDATE = FIGURES.split(", ")
  .map((column) => `${column} = excluded.${column}`)
  .join(", ");

/**
 * Recomputes the summaries of the given months and of their water years, in the caller's transaction, so that a summary
 * is never older than the readings. A month or year without readings loses its summary.
 */
export async function refreshSummaries(database: Database, { gauges, months }: TouchedMonths): Promise<void> {
  if (gauges.length === 0) return;
  await database.query(MONTHS, [gauges, months]);
  await database.query(WATER_YEARS, [gauges, months]);
}

/**
 * As `refreshSummaries`, for units of `resolved` that were just inserted into months without readings: nothing else is in
 * these months, so their readings need not be looked up.
 */
export async function summarizeNew(
  database: Database,
  units: readonly { readonly unit: number; readonly gauge: string; readonly month: string }[],
): Promise<void> {
  await database.query(NEW_MONTHS, [units.map(({ unit }) => unit)]);
  await database.query(WATER_YEARS, [units.map(({ gauge }) => gauge), units.map(({ month }) => month)]);
}

const OF_READINGS = `coalesce(sum(inches), 0), count(*) FILTER (WHERE inches > 0), count(*) FILTER (WHERE inches = 0),
        count(*) FILTER (WHERE inches IS NULL), max(inches), min(day) AS first_day, max(day)`;

const NEW_MONTHS = `
  INSERT INTO month_summary (gauge, month, ${FIGURES})
  SELECT gauge, date_trunc('month', min(day)::timestamp)::date, ${OF_READINGS}
  FROM resolved WHERE unit = ANY ($1) GROUP BY unit, gauge
  ON CONFLICT (gauge, month) DO UPDATE SET ${UPDATE}`;

// Each lateral query is one index scan per month or year, however much the tables have grown since the last ANALYZE.
const MONTHS = `
  WITH touched AS (SELECT DISTINCT gauge, month FROM unnest($1::text[], $2::date[]) AS given (gauge, month)),
  fresh AS (
    SELECT gauge, month, figures.*
    FROM touched CROSS JOIN LATERAL (
      SELECT ${OF_READINGS}
      FROM reading
      WHERE reading.gauge = touched.gauge AND day >= month AND day < (month + interval '1 month')::date
    ) AS figures
    WHERE first_day IS NOT NULL
  ),
  emptied AS (
    DELETE FROM month_summary AS summary USING touched
    WHERE (summary.gauge, summary.month) = (touched.gauge, touched.month)
      AND NOT EXISTS (SELECT FROM fresh WHERE (fresh.gauge, fresh.month) = (touched.gauge, touched.month))
  )
  INSERT INTO month_summary (gauge, month, ${FIGURES}) TABLE fresh
  ON CONFLICT (gauge, month) DO UPDATE SET ${UPDATE}`;

const WATER_YEARS = `
  WITH touched AS (
    SELECT DISTINCT gauge, extract(year FROM month + interval '3 months')::integer AS water_year
    FROM unnest($1::text[], $2::date[]) AS given (gauge, month)
  ),
  fresh AS (
    SELECT gauge, water_year, figures.*
    FROM touched CROSS JOIN LATERAL (
      SELECT sum(total_inches), sum(rain_days), sum(dry_days), sum(missing_days), max(greatest_inches),
        min(month_summary.first_day) AS first_day, max(last_day)
      FROM month_summary
      WHERE month_summary.gauge = touched.gauge
        AND month >= make_date(water_year - 1, 10, 1) AND month < make_date(water_year, 10, 1)
    ) AS figures
    WHERE first_day IS NOT NULL
  ),
  emptied AS (
    DELETE FROM water_year_summary AS summary USING touched
    WHERE (summary.gauge, summary.water_year) = (touched.gauge, touched.water_year)
      AND NOT EXISTS (SELECT FROM fresh WHERE (fresh.gauge, fresh.water_year) = (touched.gauge, touched.water_year))
  )
  INSERT INTO water_year_summary (gauge, water_year, ${FIGURES}) TABLE fresh
  ON CONFLICT (gauge, water_year) DO UPDATE SET ${UPDATE}`;
