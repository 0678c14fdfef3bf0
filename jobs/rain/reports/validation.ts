import type { Database } from "../../shared";
import { table } from "./table";

interface Finding {
  readonly check: "range" | "future" | "year" | "cumulative" | "neighbours" | "totals" | "overlap";
  /** error: the record differs from the files; warning: the files contain something odd. */
  readonly severity: "error" | "warning";
  readonly gauge: string;
  /** A day, a month or a water year. */
  readonly period: string;
  readonly message: string;
}

interface ValidationLimits {
  /** Daily inches above which a value is suspect. */
  readonly rainfallMax: number;
  /** Inches in a water year above which the sum is suspect. */
  readonly yearMax: number;
  /** Maximum number of listed findings for each check. */
  readonly limit: number;
}

/** Neighbours are gauges within about ten miles; a degree is 69 miles, and at this latitude 57 from east to west. */
const NEAR = `sqrt(power(69 * (a.latitude - b.latitude), 2) + power(57 * (a.longitude - b.longitude), 2)) < 10`;

/** Fewer neighbours than this prove nothing. */
const NEIGHBOURS = 3;

/** Runs every check over the whole record, or over one water year. */
export async function validate(
  database: Database,
  limits: ValidationLimits,
  waterYear: number | undefined,
): Promise<Finding[]> {
  const from = waterYear === undefined ? "-infinity" : `${waterYear - 1}-10-01`;
  const to = waterYear === undefined ? "infinity" : `${waterYear}-09-30`;
  const findings: Finding[] = [];
  for (const { check, severity, sql, limit } of CHECKS) {
    const values = [from, to, ...(limit ? [limits[limit]] : [])];
    const { rows } = await database.query<Pick<Finding, "gauge" | "period" | "message">>(
      `SELECT gauge, period, message FROM (${sql}) AS found ORDER BY period, gauge LIMIT ${limits.limit}`,
      values,
    );
    findings.push(...rows.map((row) => ({ check, severity, ...row })));
  }
  return findings;
}

export function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "Every check passed.";
  return table(
    ["check", "severity", "gauge", "period", "finding"],
    findings.map(({ check, severity, gauge, period, message }) => [check, severity, gauge, period, message]),
  );
}

interface Check {
  readonly check: Finding["check"];
  readonly severity: Finding["severity"];
  /** Parameters: the first and the last day, and the limit where there is one. */
  readonly sql: string;
  readonly limit?: "rainfallMax" | "yearMax";
}

/** The totals in the newest complete import of each file, beside the record's values for the same days. */
const STATED = `
  SELECT run.source, owner.gauge, from_day, to_day, stated.inches AS stated, held.*
  FROM (SELECT DISTINCT ON (subject) * FROM import_run WHERE status = 'completed' ORDER BY subject, id DESC) AS run
  JOIN stated_total AS stated ON stated.file = run.file
  LEFT JOIN gauge_alias AS alias ON alias.alias = stated.reported_as AND from_day < until
  CROSS JOIN LATERAL (SELECT coalesce(alias.gauge, stated.reported_as) AS gauge) AS owner
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(inches), 0) AS held, count(*) FILTER (WHERE inches > 0) AS rain_days,
      bool_and(reading.source = run.source AND reading.reported_as = stated.reported_as) AS own,
      bool_and(reading.source <> run.source) AS others
    FROM reading WHERE reading.gauge = owner.gauge AND day BETWEEN from_day AND to_day
  ) AS held
  WHERE from_day >= $1::date AND to_day <= $2::date`;

/** The PDF's totals come from unrounded millimetres, but its days are rounded: each may be off by half a hundredth. */
const ROUNDING = `greatest(0.02, 0.005 * (rain_days + 1)) + 0.000005`;

const CHECKS: readonly Check[] = [
  {
    check: "range",
    severity: "warning",
    limit: "rainfallMax",
    sql: `SELECT gauge, day::text AS period, inches::float || ' in on one day (' || source || ')' AS message
      FROM reading WHERE inches > $3 AND day BETWEEN $1::date AND $2::date`,
  },
  {
    check: "future",
    severity: "warning",
    sql: `SELECT gauge, day::text AS period, 'a reading of a day that has not come' AS message
      FROM reading WHERE day > (now() AT TIME ZONE 'MST')::date AND day BETWEEN $1::date AND $2::date`,
  },
  {
    check: "year",
    severity: "warning",
    limit: "yearMax",
    sql: `SELECT gauge, water_year::text AS period, total_inches::float || ' in in one water year' AS message
      FROM water_year_summary
      WHERE total_inches > $3 AND first_day >= $1::date AND last_day <= $2::date`,
  },
  {
    check: "cumulative",
    severity: "error",
    sql: `SELECT coalesce(kept.gauge, plain.gauge) AS gauge, to_char(coalesce(kept.month, plain.month), 'YYYY-MM') AS period,
        'the summary says ' || coalesce(total_inches::float::text, 'nothing') || ', its days ' || coalesce(total::float::text, 'nothing') AS message
      FROM (
        SELECT gauge, date_trunc('month', day)::date AS month, coalesce(sum(inches), 0) AS total,
          count(*) FILTER (WHERE inches > 0) AS rain, count(*) FILTER (WHERE inches = 0) AS dry, count(*) AS days
        FROM reading WHERE day BETWEEN $1::date AND $2::date GROUP BY 1, 2
      ) AS plain
      FULL JOIN (SELECT * FROM month_summary WHERE first_day >= $1::date AND last_day <= $2::date) AS kept USING (gauge, month)
      WHERE (total, rain, dry, days) IS DISTINCT FROM (total_inches, rain_days, dry_days, rain_days + dry_days + missing_days)`,
  },
  {
    check: "cumulative",
    severity: "error",
    sql: `SELECT coalesce(kept.gauge, plain.gauge) AS gauge, coalesce(kept.water_year, plain.water_year)::text AS period,
        'the water year says ' || coalesce(total_inches::float::text, 'nothing') || ', its months ' || coalesce(total::float::text, 'nothing') AS message
      FROM (
        SELECT gauge, extract(year FROM month + interval '3 months')::integer AS water_year, sum(total_inches) AS total
        FROM month_summary WHERE first_day >= $1::date AND last_day <= $2::date GROUP BY 1, 2
      ) AS plain
      FULL JOIN (SELECT * FROM water_year_summary WHERE first_day >= $1::date AND last_day <= $2::date) AS kept USING (gauge, water_year)
      WHERE total IS DISTINCT FROM total_inches`,
  },
  {
    check: "neighbours",
    severity: "warning",
    sql: `SELECT mine.gauge, to_char(month, 'YYYY-MM') AS period,
        'dry all month, while ' || count(*) || ' gauges near by had ' || round((percentile_cont(0.5) WITHIN GROUP (ORDER BY theirs.total_inches))::numeric, 2) || ' in' AS message
      FROM month_summary AS mine JOIN month_summary AS theirs USING (month)
      JOIN gauge AS a ON a.id = mine.gauge JOIN gauge AS b ON b.id = theirs.gauge AND a.id <> b.id AND ${NEAR}
      WHERE mine.rain_days = 0 AND mine.dry_days > 20 AND theirs.dry_days + theirs.rain_days > 20
        AND mine.first_day >= $1::date AND mine.last_day <= $2::date
      GROUP BY mine.gauge, month
      HAVING count(*) >= ${NEIGHBOURS} AND percentile_cont(0.5) WITHIN GROUP (ORDER BY theirs.total_inches) >= 0.5`,
  },
  {
    check: "neighbours",
    severity: "warning",
    sql: `SELECT mine.gauge, mine.day::text AS period,
        mine.inches::float || ' in, while ' || count(*) || ' gauges near by had ' || max(theirs.inches)::float || ' in at most' AS message
      FROM reading AS mine JOIN reading AS theirs USING (day)
      JOIN gauge AS a ON a.id = mine.gauge JOIN gauge AS b ON b.id = theirs.gauge AND a.id <> b.id AND ${NEAR}
      WHERE mine.inches >= 2 AND theirs.inches IS NOT NULL AND mine.day BETWEEN $1::date AND $2::date
      GROUP BY mine.gauge, mine.day, mine.inches
      HAVING count(*) >= ${NEIGHBOURS} AND max(theirs.inches) < mine.inches / 10`,
  },
  {
    check: "totals",
    severity: "error",
    sql: `SELECT gauge, from_day || '..' || to_day AS period,
        'the file (' || source || ') states ' || stated::float || ' in, its days add up to ' || held::float AS message
      FROM (${STATED}) AS compared
      WHERE own AND source <> 'fopr' AND abs(stated - held) > CASE source WHEN 'pdf' THEN ${ROUNDING} ELSE 0.00005 END`,
  },
  // Some official records omit a day from their own sum, so a difference there is not an error in the record.
  {
    check: "totals",
    severity: "warning",
    sql: `SELECT gauge, from_day || '..' || to_day AS period,
        'the file (' || source || ') states ' || stated::float || ' in, its days add up to ' || held::float AS message
      FROM (${STATED}) AS compared
      WHERE own AND source = 'fopr' AND abs(stated - held) > CASE source WHEN 'pdf' THEN ${ROUNDING} ELSE 0.00005 END`,
  },
  {
    check: "overlap",
    severity: "warning",
    sql: `SELECT gauge, from_day || '..' || to_day AS period,
        source || ' states ' || stated::float || ' in, the better source that is kept holds ' || held::float AS message
      FROM (${STATED}) AS compared
      WHERE others AND abs(stated - held) > CASE source WHEN 'pdf' THEN ${ROUNDING} ELSE 0.00005 END`,
  },
];
