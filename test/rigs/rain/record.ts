import pino from "pino";
import type { StandInProvider } from "../../../cli/start/samples";
import { rain } from "../../../jobs/rain";
import { databaseSettings } from "../../../jobs/rain/config";
import { migrateRain, rainMigrations } from "../../../jobs/rain/store";
import { type DatabaseAddress, parseCommandLine, prepare, withDatabase } from "../../../jobs/shared";
import { createDatabase, type PostgresServer, type TestDatabase } from "../postgres/postgres";

interface VerbRun {
  /** What the verb printed. */
  readonly printed: string;
  /** What it logged. */
  readonly messages: readonly string[];
  /** How it failed, if it did. */
  readonly error: Error | undefined;
}

/** The environment of an import: a database, a provider, and as little patience as a test can afford. */
export function importEnvironment(
  database: TestDatabase,
  provider?: StandInProvider,
): Record<string, string> {
  return {
    RAIN_DATABASE_URL: `${database.url}?sslmode=disable`,
    MCFCD_BASE_URL: provider?.url ?? "http://127.0.0.1:1/",
    RAIN_RATE_LIMIT_SECONDS: "0.001",
    RAIN_RETRY_DELAY_SECONDS: "0.001",
    LOG_LEVEL: "info",
  };
}

/** Runs `jobs rain <words>` in this process, through the same command line as in the pod. */
export async function runRain(
  words: readonly string[],
  environment: Record<string, string>,
  signal: AbortSignal = new AbortController().signal,
): Promise<VerbRun> {
  const messages: string[] = [];
  let printed = "";
  const log = pino({ level: "debug" }, { write: (line: string) => void messages.push(JSON.parse(line).msg) });
  const silent = () => ({ advance() {}, done() {} });
  try {
    const entries = [{ name: "rain", summary: rain.summary, load: async () => rain }];
    const run = prepare(await parseCommandLine(["rain", ...words], entries, environment));
    const print = (text: string) => {
      printed += `${text}\n`;
    };
    await run({ log, signal, progress: silent, print });
    return { printed, messages, error: undefined };
  } catch (error) {
    return { printed, messages, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Everything that the record says, in an order of its own, without the moments at which it was written. */
export async function recordOf(database: TestDatabase): Promise<unknown> {
  const tables: Record<string, string> = {
    readings: `SELECT gauge, day::text, inches::text, quality, footnote, reading.source, source_rank, reported_as, digest
      FROM reading JOIN source_file ON source_file.id = file ORDER BY gauge, day`,
    months:
      "SELECT gauge, month::text, total_inches::text, rain_days, dry_days, missing_days, greatest_inches::text, first_day::text, last_day::text FROM month_summary ORDER BY gauge, month",
    years:
      "SELECT gauge, water_year, total_inches::text, rain_days, dry_days, missing_days, greatest_inches::text, first_day::text, last_day::text FROM water_year_summary ORDER BY gauge, water_year",
    gauges: "SELECT id, name, name_source, city, latitude::text, fopr_available FROM gauge ORDER BY id",
    aliases: "SELECT alias, gauge, until::text FROM gauge_alias ORDER BY alias",
  };
  const record: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(tables)) record[name] = await database.query(sql);
  return record;
}

/** Summaries that differ from what a plain query over the readings gives; there must never be one. */
export const wrongSummaries = (database: TestDatabase) =>
  database.query(`
    WITH plain AS (
      SELECT gauge, date_trunc('month', day)::date AS month, coalesce(sum(inches), 0) AS total,
        count(*) FILTER (WHERE inches > 0) AS rain, count(*) FILTER (WHERE inches = 0) AS dry,
        count(*) FILTER (WHERE inches IS NULL) AS missing, max(inches) AS greatest
      FROM reading GROUP BY 1, 2
    ),
    years AS (
      SELECT gauge, extract(year FROM day + interval '3 months')::integer AS water_year,
        coalesce(sum(inches), 0) AS total, count(*) FILTER (WHERE inches > 0) AS rain,
        count(*) FILTER (WHERE inches = 0) AS dry, count(*) FILTER (WHERE inches IS NULL) AS missing, max(inches) AS greatest
      FROM reading GROUP BY 1, 2
    )
    SELECT gauge, month::text AS period FROM plain FULL JOIN month_summary AS kept USING (gauge, month)
    WHERE (total, rain, dry, missing, greatest) IS DISTINCT FROM (total_inches, rain_days, dry_days, missing_days, greatest_inches)
    UNION ALL
    SELECT gauge, water_year::text FROM years FULL JOIN water_year_summary AS kept USING (gauge, water_year)
    WHERE (total, rain, dry, missing, greatest) IS DISTINCT FROM (total_inches, rain_days, dry_days, missing_days, greatest_inches)`);

/** An empty record in a database of a test's own. */
export async function rainDatabase(server: Pick<PostgresServer, "url" | "port">): Promise<TestDatabase> {
  const database = await createDatabase(server, { label: "rain" });
  const purpose = { purpose: "the rain database", applicationName: "test" };
  await withDatabase(addressOf(database), purpose, migrateRain);
  return database;
}

/** As the settings of a verb read it. */
export function addressOf({ url }: TestDatabase): DatabaseAddress {
  const inputs = { arguments: [], flags: {}, environment: { RAIN_DATABASE_URL: `${url}?sslmode=disable` } };
  const reading = databaseSettings.database.read(inputs);
  if (reading.problems) throw new Error(reading.problems.join("; "));
  return reading.value;
}

/** Forgets everything but the aliases that every record begins with; much quicker than another database. */
export async function emptyRecord(database: TestDatabase): Promise<void> {
  await database.query(
    "TRUNCATE reading, gauge, source_file, import_run, download, gauge_alias RESTART IDENTITY CASCADE",
  );
  const seeds = rainMigrations().flatMap(({ sql }) => /INSERT INTO gauge_alias[^;]+;/.exec(sql) ?? []);
  for (const seed of seeds) await database.query(seed);
}
