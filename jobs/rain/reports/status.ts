import type { Database } from "../../shared";
import { table } from "./table";

interface RunStatus {
  readonly id: number;
  readonly subject: string;
  /** `interrupted`: no process works on the run any more; the next import of its file continues it. */
  readonly status: "running" | "interrupted" | "completed" | "failed" | "refused" | "superseded";
  readonly file: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly readings: number;
  readonly inserted: number;
  readonly corrected: number;
  readonly problems: number;
  /** Gauge months that are imported or failed; kept for the newest run of a subject. */
  readonly unitsDone: number;
  readonly unitsFailed: number;
  readonly error: string | null;
}

interface Status {
  readonly runs: readonly RunStatus[];
  readonly coverage: readonly {
    readonly waterYear: number;
    readonly gauges: number;
    readonly measuredDays: number;
    readonly missingDays: number;
    /** Days of these gauges, up to the last day of the record, without an entry in any file. */
    readonly unreportedDays: number;
    readonly coveredPercent: number;
  }[];
  readonly sources: readonly {
    readonly source: string;
    readonly readings: number;
    readonly firstDay: string;
    readonly lastDay: string;
    readonly lastImport: string | null;
  }[];
  readonly gaps: readonly {
    readonly gauge: string;
    readonly month: string;
    readonly unreportedDays: number;
  }[];
  readonly gaugesWithoutReadings: readonly string[];
  readonly officialRecords: {
    readonly available: number;
    readonly unavailable: number;
    readonly neverAsked: number;
    readonly olderThanAYear: number;
  };
}

/** Reads the state of the record. `limit` bounds the lists of runs and gaps. */
export async function readStatus(database: Database, limit: number): Promise<Status> {
  const rows = async <T>(sql: string, values: unknown[] = []) =>
    (await database.query(sql, values)).rows as T[]; // safe: the queries name their columns
  const [officialRecords] = await rows<Status["officialRecords"]>(OFFICIAL_RECORDS);
  if (!officialRecords) throw new Error("an aggregate without GROUP BY always has a row");
  return {
    runs: await rows(RUNS, [limit]),
    coverage: await rows(COVERAGE),
    sources: await rows(SOURCES),
    gaps: await rows(GAPS, [limit]),
    gaugesWithoutReadings: (await rows<{ id: string }>(WITHOUT_READINGS)).map(({ id }) => id),
    officialRecords,
  };
}

export function statusText(status: Status): string {
  const { available, unavailable, neverAsked, olderThanAYear } = status.officialRecords;
  const sections: [string, string][] = [
    ["Imports, newest first", runsTable(status.runs)],
    ["Coverage by water year", coverageTable(status.coverage)],
    [
      "Sources",
      table(
        ["source", "readings", "first day", "last day", "last import"],
        status.sources.map((of) => [of.source, of.readings, of.firstDay, of.lastDay, of.lastImport]),
      ),
    ],
    [
      "Gaps: months inside a gauge's record of which days are not reported, largest first",
      table(
        ["gauge", "month", "days"],
        status.gaps.map((gap) => [gap.gauge, gap.month, gap.unreportedDays]),
      ),
    ],
    ["Gauges without readings", `  ${status.gaugesWithoutReadings.join(" ") || "none"}`],
    [
      "Official records",
      `  ${available} available, ${unavailable} not published, ${neverAsked} never asked for, ${olderThanAYear} asked for more than a year ago`,
    ],
  ];
  return sections.map(([title, body]) => `${title}\n${body}`).join("\n\n");
}

const runsTable = (runs: Status["runs"]) =>
  table(
    [
      ...["run", "subject", "status", "months", "readings", "new"],
      ...["corrected", "problems", "started", "error"],
    ],
    runs.map((run) => [
      ...[run.id, run.subject, run.status, run.unitsDone, run.readings, run.inserted],
      ...[run.corrected, run.problems, run.startedAt, run.error?.split("\n")[0]?.slice(0, 60) ?? ""],
    ]),
  );

const coverageTable = (coverage: Status["coverage"]) =>
  table(
    ["year", "gauges", "measured", "missing", "unreported", "covered %"],
    coverage.map((year) => [
      ...[String(year.waterYear), year.gauges, year.measuredDays, year.missingDays],
      ...[year.unreportedDays, year.coveredPercent],
    ]),
  );

const RUNS = `
  SELECT run.id, subject, name AS file, started_at::text AS "startedAt", finished_at::text AS "finishedAt", error, problems,
    CASE WHEN status = 'running' AND NOT held THEN 'interrupted' ELSE status END AS status,
    -- A run is summed up when it ends; until then its months tell.
    CASE WHEN status = 'running' THEN coalesce(units.readings, 0) ELSE run.readings END AS readings,
    CASE WHEN status = 'running' THEN coalesce(units.inserted, 0) ELSE run.inserted END AS inserted,
    CASE WHEN status = 'running' THEN coalesce(units.corrected, 0) ELSE run.corrected END AS corrected,
    coalesce(done, 0) AS "unitsDone", coalesce(failed, 0) AS "unitsFailed"
  FROM import_run AS run
  JOIN source_file ON source_file.id = run.file
  CROSS JOIN LATERAL (
    SELECT EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('rain import ' || subject, 0)
    ) AS held
  ) AS lock
  LEFT JOIN LATERAL (
    SELECT sum(readings)::integer AS readings, sum(inserted)::integer AS inserted, sum(corrected)::integer AS corrected,
      count(*) FILTER (WHERE unit.status = 'done')::integer AS done,
      count(*) FILTER (WHERE unit.status = 'failed')::integer AS failed
    FROM import_unit AS unit WHERE unit.run = run.id
  ) AS units ON true
  ORDER BY run.id DESC LIMIT $1`;

const COVERAGE = `
  WITH latest AS (SELECT max(last_day) AS day FROM month_summary)
  SELECT water_year AS "waterYear", count(*)::integer AS gauges,
    sum(rain_days + dry_days)::integer AS "measuredDays", sum(missing_days)::integer AS "missingDays",
    (count(*) * days - sum(rain_days + dry_days + missing_days))::integer AS "unreportedDays",
    round(100.0 * sum(rain_days + dry_days) / (count(*) * days), 2)::float AS "coveredPercent"
  FROM water_year_summary
  CROSS JOIN LATERAL (
    SELECT least(make_date(water_year, 9, 30), (SELECT day FROM latest)) - make_date(water_year - 1, 10, 1) + 1 AS days
  ) AS span
  GROUP BY water_year, days ORDER BY water_year DESC`;

const SOURCES = `
  SELECT source, count(*)::integer AS readings, min(day)::text AS "firstDay", max(day)::text AS "lastDay",
    (SELECT max(finished_at)::text FROM import_run WHERE import_run.source = reading.source AND status = 'completed') AS "lastImport"
  FROM reading GROUP BY source ORDER BY source DESC`;

const GAPS = `
  WITH span AS (
    SELECT gauge, min(first_day) AS first, max(last_day) AS last FROM month_summary GROUP BY gauge
  ),
  expected AS (
    SELECT gauge, month::date,
      least(last, (month + interval '1 month - 1 day')::date) - greatest(first, month::date) + 1 AS days
    FROM span, generate_series(date_trunc('month', first), last, interval '1 month') AS month
  )
  SELECT gauge, to_char(month, 'YYYY-MM') AS month,
    (days - coalesce(rain_days + dry_days + missing_days, 0))::integer AS "unreportedDays"
  FROM expected LEFT JOIN month_summary USING (gauge, month)
  WHERE days > coalesce(rain_days + dry_days + missing_days, 0)
  ORDER BY 3 DESC, month DESC, gauge LIMIT $1`;

const WITHOUT_READINGS = `
  SELECT id FROM gauge
  WHERE NOT EXISTS (SELECT FROM water_year_summary WHERE gauge = id AND rain_days + dry_days > 0) ORDER BY id`;

const OFFICIAL_RECORDS = `
  SELECT count(*) FILTER (WHERE fopr_available)::integer AS available,
    count(*) FILTER (WHERE NOT fopr_available)::integer AS unavailable,
    count(*) FILTER (WHERE fopr_checked_at IS NULL)::integer AS "neverAsked",
    count(*) FILTER (WHERE fopr_checked_at < now() - interval '1 year')::integer AS "olderThanAYear"
  FROM gauge`;
