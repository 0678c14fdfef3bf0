import pg from "pg";
import { datasetTables, OPEN_BATCH, platformTables } from "../../../jobs/datasurface";
import { type Board, isBackup } from "../board";
import type { BackupFacts, RainFacts, StreamFacts } from "../report";
import type { LocalStack } from "../stack";
import type { System, Workload } from "../workloads";
import { environmentOf } from "../workloads";

/** Checks that a run that was asked for backups alone has made one. */
export function checkBackupsOnly(board: Board): void {
  const steps = board.facts.steps.filter(isBackup);
  const made = steps.filter(({ state }) => state === "right").length;
  const [why] = steps.flatMap(({ note, state }) => (state === "skipped" && note ? [note] : []));
  board.check({
    what: "backup: a backup was made",
    holds: made > 0,
    found: made > 0 ? `${made} made` : (why ?? "no backup is planned"),
  });
}

/** Reads what the systems contain after a run and checks it against their inputs. */
export async function readFigures(stack: LocalStack, board: Board, only: System | undefined): Promise<void> {
  const steps = board.facts.steps.filter(({ state }) => state !== "skipped");
  const ran = (system: System) =>
    (only === undefined || only === system) &&
    steps.some((step) => step.system === system && step.state === "right") &&
    steps.every((step) => step.system !== system || step.state === "right" || step.state === "running");
  for (const { system, words } of steps.filter(({ state }) => state === "failed"))
    board.check({
      what: `${system}: what it promises`,
      holds: false,
      found: `not checked, because ${words.slice(0, 2).join(" ")} failed`,
    });
  if (ran("datasurface")) {
    const streams = stack.workloads.filter(({ verb }) => verb === "datasurface ingest");
    board.put({ streams: await Promise.all(streams.map((stream) => streamFacts(stream, stack, board))) });
  }
  const rain = stack.workloads.find(({ verb }) => verb.startsWith("rain import"));
  if (ran("rain") && rain) board.put({ rain: await rainFacts(stack, board) });
  const [bucket] = stack.buckets.filter((name) => name.includes("backup"));
  if (ran("backup") && steps.some(isBackup) && bucket !== undefined)
    board.put({ backups: await backupFacts(stack, bucket) });
}

type Ask = <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;

async function withDatabase<T>(
  stack: Pick<LocalStack, "postgres">,
  name: string,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: stack.postgres.url(name), application_name: "npm start" });
  await client.connect();
  try {
    return await work(async (sql, values) => (await client.query(sql, values)).rows);
  } finally {
    await client.end();
  }
}

async function streamFacts(stream: Workload, stack: LocalStack, board: Board): Promise<StreamFacts> {
  const environment = environmentOf(stream, stack.manifests);
  const { SOURCE_DATABASE: source = "customer_db", MERGE_DATABASE: merge = "datasurface_merge" } =
    environment;
  const word = (flag: string) => stream.container.args[stream.container.args.indexOf(flag) + 1] ?? "";
  const [platform, store] = [word("--platform"), word("--store")];
  const { metrics } = platformTables(platform);
  return withDatabase(stack, merge, async (merged) => {
    const batches = await merged<Record<string, string> & { datasets: string[] }>(
      `SELECT batch_id, batch_status, extract(epoch FROM batch_end_time - batch_start_time) AS seconds,
         total_records, records_inserted, records_updated, records_deleted, unchanged, state -> 'all_datasets' AS datasets
       FROM "${metrics}" WHERE key = $1 OR key LIKE $1 || '#%' ORDER BY batch_id`,
      [store],
    );
    const datasets = batches.at(-1)?.datasets ?? [];
    const tables = await withDatabase(stack, source, (sourced) =>
      Promise.all(
        datasets.map(async (dataset) => {
          const columns = await columnsOf(sourced, dataset);
          const given = await digest(sourced, dataset, columns);
          const table = datasetTables(platform, store, dataset).merge;
          const forensic = (await columnsOf(merged, table)).includes("ds_surf_batch_out");
          const kept = await digest(
            merged,
            table,
            columns,
            forensic ? `ds_surf_batch_out = ${OPEN_BATCH}` : "true",
          );
          const [all] = await merged<{ count: string }>(`SELECT count(*) FROM "${table}"`);
          board.check({
            what: `${platform}: the rows of ${dataset} equal the source's`,
            holds: given.digest === kept.digest && given.rows === kept.rows,
            found: `${kept.rows} rows, ${given.rows} in the source`,
          });
          return { dataset, source: given.rows, merged: Number(all?.count), open: kept.rows };
        }),
      ),
    );
    return {
      platform,
      stream: store,
      tables,
      batches: batches.map((row) => ({
        batch: Number(row.batch_id),
        status: String(row.batch_status),
        seconds: Number(row.seconds ?? 0),
        total: Number(row.total_records ?? 0),
        inserted: Number(row.records_inserted ?? 0),
        updated: Number(row.records_updated ?? 0),
        deleted: Number(row.records_deleted ?? 0),
        unchanged: Number(row.unchanged ?? 0),
      })),
    };
  });
}

async function columnsOf(ask: Ask, table: string): Promise<string[]> {
  const rows = await ask<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 ORDER BY column_name COLLATE "C"`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** One digest of all rows, independent of their order. */
async function digest(ask: Ask, table: string, columns: readonly string[], where = "true") {
  const row = columns.map((column) => `coalesce(quote_literal("${column}"), 'NULL')`).join(" || ',' || ");
  const [answer] = await ask<{ rows: string; digest: string }>(
    `SELECT count(*) AS rows, md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')) AS digest
     FROM (SELECT ${row || "''"} AS line FROM "${table}" WHERE ${where}) AS lines`,
  );
  return { rows: Number(answer?.rows), digest: answer?.digest };
}

async function rainFacts(stack: LocalStack, board: Board): Promise<RainFacts> {
  return withDatabase(stack, "rain", async (ask) => {
    const { waterYears, readings, inches } = stack.sample;
    const [sums] = await ask<Record<string, string>>(
      `SELECT count(DISTINCT gauge) AS gauges, count(*) AS readings, count(*) FILTER (WHERE inches > 0) AS rain,
         count(*) FILTER (WHERE inches IS NULL) AS missing FROM reading`,
    );
    const [imported] = await ask<Record<string, string>>(
      `SELECT count(*) AS readings, coalesce(sum(inches), 0) AS inches FROM reading
       WHERE extract(year FROM day + interval '3 months') = ANY ($1)`,
      [waterYears],
    );
    board.check({
      what: "rain: the record has every reading of the sample files, with the same sum",
      holds: Number(imported?.readings) === readings && Math.abs(Number(imported?.inches) - inches) < 0.005,
      found: `${imported?.readings} readings with ${Number(imported?.inches).toFixed(2)} inches, ${readings} with ${inches.toFixed(2)} in the files`,
    });
    const months = await ask<Record<string, string>>(
      `SELECT to_char(month, 'YYYY-MM') AS month, avg(total_inches) AS inches, max(total_inches) AS greatest
       FROM month_summary GROUP BY month_summary.month ORDER BY month_summary.month`,
    );
    const imports = await ask<Record<string, string>>(
      `SELECT DISTINCT ON (subject) subject, status, readings FROM import_run WHERE source <> 'fopr' ORDER BY subject, id DESC`,
    );
    return {
      gauges: Number(sums?.gauges),
      readings: Number(sums?.readings),
      rainDays: Number(sums?.rain),
      missing: Number(sums?.missing),
      months: months.map(({ month = "", inches: mean, greatest }) => ({
        month,
        inches: Number(mean),
        greatest: Number(greatest),
      })),
      imports: imports.map(({ subject = "", status = "", readings: count }) => ({
        subject,
        status,
        readings: Number(count),
      })),
    };
  });
}

async function backupFacts({ objects }: LocalStack, bucket: string): Promise<BackupFacts> {
  const stored = await objects.list(bucket);
  const backups = stored.flatMap(({ key }) => /([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []);
  return {
    bucket,
    objects: stored.length,
    bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
    backups,
  };
}
