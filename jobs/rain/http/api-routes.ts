import { z } from "zod";
import type { Database } from "../../shared";
import { type Route, route } from "./route";

const gaugeId = z
  .string()
  .regex(/^\d{3,6}$/, "a station number has 3 to 6 digits")
  .describe("station number, today's or a former one");

const year = z
  .string()
  .regex(/^(19|20|21)\d\d$/, "a year has four digits, 1900 to 2199")
  .transform(Number);

const count = (fallback: number, most: number) =>
  z
    .string()
    .refine((given) => /^\d{1,6}$/.test(given), `a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, `a whole number from 1 to ${most}`)
    .default(fallback)
    .meta({ type: "integer", minimum: 1, maximum: most, description: `${fallback} where none is given` });

const reading = z.object({
  day: z.string(),
  inches: z.number().nullable().describe("null where the value is missing; a measured zero is 0"),
  quality: z.enum(["good", "estimated", "incomplete", "suspect", "missing", "not-reported"]),
  footnote: z.string().nullable(),
  source: z.enum(["pdf", "workbook", "fopr"]),
});

const sums = { total_inches: z.number(), rain_days: z.int(), dry_days: z.int(), missing_days: z.int() };

const gauge = z.object({
  id: z.string(),
  name: z.string().nullable(),
  type: z.string(),
  city: z.string().nullable(),
  county: z.string().nullable(),
  location: z.string().nullable(),
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  elevation_ft: z.int().nullable(),
  data_begins: z.string().nullable(),
  official_record: z
    .boolean()
    .nullable()
    .describe("whether the provider has one; null where it was never asked"),
  former_ids: z.array(z.string()),
});

/** The whole API, in the order of its documentation. */
export const apiRoutes: readonly Route[] = [
  route({
    path: "/api/v1/health",
    summary: "whether the server is alive",
    parameters: {},
    answer: z.object({ status: z.literal("ok") }),
    find: async () => ({ status: "ok" as const }),
  }),
  route({
    path: "/api/v1/ready",
    summary: "whether the record can be read",
    parameters: {},
    answer: z.object({ status: z.literal("ok") }),
    find: async (_, database) => {
      await database.query("SELECT FROM gauge LIMIT 1");
      return { status: "ok" as const };
    },
  }),
  route({
    path: "/api/v1/readings/{id}/water-year/{year}",
    summary: "a water year of a gauge: its sums and its days",
    parameters: { id: gaugeId, year },
    answer: z.object({ gauge: z.string(), water_year: z.int(), ...sums, readings: z.array(reading) }),
    find: async ({ id, year }, database) => {
      const gauge = await currentId(database, id);
      const [summary] = await rows<Sums>(
        database,
        `SELECT ${SUMS} FROM water_year_summary WHERE gauge = $1 AND water_year = $2`,
        [gauge, year],
      );
      const readings = await days(database, gauge, `${year - 1}-10-01`, `${year}-09-30`);
      return { gauge, water_year: year, ...(summary ?? NO_RAIN), readings };
    },
  }),
  route({
    path: "/api/v1/readings/{id}/calendar-year/{year}",
    summary: "a calendar year of a gauge: its twelve months with the sum so far, and its days",
    parameters: { id: gaugeId, year },
    answer: z.object({
      gauge: z.string(),
      year: z.int(),
      total_inches: z.number(),
      months: z.array(z.object({ month: z.string(), ...sums, year_to_date_inches: z.number() })),
      readings: z.array(reading),
    }),
    find: async ({ id, year }, database) => {
      const gauge = await currentId(database, id);
      const months = await rows<Sums & { month: string; year_to_date_inches: number }>(
        database,
        CALENDAR_YEAR,
        [gauge, year],
      );
      const readings = await days(database, gauge, `${year}-01-01`, `${year}-12-31`);
      return { gauge, year, total_inches: months.at(-1)?.year_to_date_inches ?? 0, months, readings };
    },
  }),
  route({
    path: "/api/v1/readings/{id}/latest",
    summary: "the newest value of a gauge, daily or live",
    parameters: { id: gaugeId },
    absent: "the gauge has no value",
    answer: z.object({
      gauge: z.string(),
      day: z.string(),
      at: z.string().nullable().describe("the moment of a live value; null for a day"),
      inches: z.number(),
      source: z.string(),
    }),
    find: async ({ id }, database) => {
      const gauge = await currentId(database, id);
      const [latest] = await rows<{ day: string; at: string | null; inches: number; source: string }>(
        database,
        LATEST,
        [gauge],
      );
      return latest && { gauge, ...latest };
    },
  }),
  route({
    path: "/api/v1/gauges",
    summary: "all gauges, by city and name",
    parameters: {},
    query: { page: count(1, 100_000), page_size: count(50, 100) },
    answer: z.object({ page: z.int(), page_size: z.int(), total: z.int(), gauges: z.array(gauge) }),
    find: async ({ page, page_size }, database) => {
      const [counted] = await rows<{ total: number }>(
        database,
        "SELECT count(*)::integer AS total FROM gauge",
        [],
      );
      const gauges = await rows<z.input<typeof gauge>>(
        database,
        `SELECT ${GAUGE} FROM gauge ORDER BY city NULLS LAST, name NULLS LAST, id LIMIT $1 OFFSET $2`,
        [page_size, (page - 1) * page_size],
      );
      return { page, page_size, total: counted?.total ?? 0, gauges };
    },
  }),
  route({
    path: "/api/v1/gauges/{id}",
    summary: "one gauge",
    parameters: { id: gaugeId },
    absent: "no gauge has or had this number",
    answer: gauge,
    find: async ({ id }, database) => {
      const current = await currentId(database, id);
      const [found] = await rows<z.input<typeof gauge>>(
        database,
        `SELECT ${GAUGE} FROM gauge WHERE id = $1`,
        [current],
      );
      return found;
    },
  }),
];

type Sums = { total_inches: number; rain_days: number; dry_days: number; missing_days: number };

const NO_RAIN: Sums = { total_inches: 0, rain_days: 0, dry_days: 0, missing_days: 0 };

const SUMS = "total_inches::float, rain_days, dry_days, missing_days";

const GAUGE = `id, name, type, city, county, location, latitude::float, longitude::float, elevation_ft,
  data_begins::text, fopr_available AS official_record,
  ARRAY(SELECT alias FROM gauge_alias WHERE gauge = gauge.id ORDER BY alias) AS former_ids`;

const CALENDAR_YEAR = `
  SELECT to_char(month, 'YYYY-MM') AS month, coalesce(total_inches, 0)::float AS total_inches,
    coalesce(rain_days, 0) AS rain_days, coalesce(dry_days, 0) AS dry_days, coalesce(missing_days, 0) AS missing_days,
    sum(coalesce(total_inches, 0)) OVER (ORDER BY month)::float AS year_to_date_inches
  FROM (SELECT make_date($2, number, 1) AS month FROM generate_series(1, 12) AS number) AS year
  LEFT JOIN (SELECT * FROM month_summary WHERE gauge = $1) AS mine USING (month)
  ORDER BY month`;

const LATEST = `
  SELECT day::text, at, inches::float, source FROM (
    (SELECT day, NULL::text AS at, inches, source::text FROM reading
      WHERE gauge = $1 AND inches IS NOT NULL ORDER BY day DESC LIMIT 1)
    UNION ALL
    (SELECT (live_reading.at AT TIME ZONE 'MST')::date, to_char(live_reading.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      incremental_inches, 'live' FROM live_reading WHERE gauge = $1 ORDER BY live_reading.at DESC LIMIT 1)
  ) AS newest ORDER BY day DESC, at DESC NULLS LAST LIMIT 1`;

async function rows<T>(database: Database, sql: string, values: unknown[]): Promise<T[]> {
  // Safe: the query returns the columns of the type, and tests check the answers against the schema.
  return (await database.query(sql, values)).rows as T[];
}

/** The current number of a gauge that was requested by a former one. */
async function currentId(database: Database, id: string): Promise<string> {
  const [alias] = await rows<{ gauge: string }>(
    database,
    "SELECT gauge FROM gauge_alias WHERE alias = $1 AND NOT EXISTS (SELECT FROM gauge WHERE id = $1)",
    [id],
  );
  return alias?.gauge ?? id;
}

const days = (database: Database, gauge: string, from: string, to: string) =>
  rows<z.input<typeof reading>>(
    database,
    `SELECT day::text, inches::float, quality, footnote, source FROM reading
     WHERE gauge = $1 AND day BETWEEN $2 AND $3 ORDER BY day`,
    [gauge, from, to],
  );
