import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  retry,
  sha256Of,
  sqlState,
  transaction,
  withDatabase,
} from "../../shared";
import { numberOfMonth, yearOfMonth } from "../calendar";
import type { IsolatedParser } from "../formats";
import { type Expectation, RefusedFile } from "../reading";
import * as store from "../store";

/** What every import needs, besides the file. */
export interface ImportSettings {
  /** The database of the rain record. */
  readonly database: DatabaseAddress;
  /**
   * Readings that one transaction merges. A larger batch needs fewer transactions, but locks its gauges longer and
   * redoes more after a crash.
   */
  readonly batchSize: number;
  /** Whether to skip a file that was already imported completely. */
  readonly skipUnchanged: boolean;
  /** The largest share of a file's values that may be unreadable; a file with more is refused as a whole. */
  readonly maxUnreadShare: number;
  /** Daily inches above which a value is kept but marked as suspect. */
  readonly rainfallMax: number;
  /** Time limit of one statement in seconds, staging excepted. */
  readonly queryTimeoutSeconds: number;
}

export type Imported =
  | { readonly kind: "unchanged"; readonly subject: string; readonly run: number }
  | {
      readonly kind: "imported";
      readonly subject: string;
      readonly counts: store.Counts;
      readonly problems: number;
      readonly resumed: boolean;
    };

/** Transient errors: a deadlock, a serialization failure, a lock or statement timeout. */
const PASSING = new Set(["40001", "40P01", "55P03", "57014"]);

/**
 * Imports one file: reads it completely into a temporary table, then merges it batch by batch. It can be killed at any
 * point; the next import of the same file continues after the last batch.
 */
export async function importFile(
  bytes: Uint8Array,
  name: string,
  expected: Expectation,
  settings: ImportSettings,
  parser: IsolatedParser,
  context: Context,
): Promise<Imported> {
  const digest = sha256Of(bytes);
  const file: store.ArrivedFile = {
    subject: subjectOf(expected),
    source: expected.source,
    name,
    bytes,
    digest,
  };
  const purpose = { purpose: "the rain database", applicationName: `rain ${file.subject}` };
  return await withDatabase(settings.database, purpose, async (database) => {
    await store.holdSubject(
      database,
      file.subject,
      () =>
        context.log.info(
          { subject: file.subject },
          `${file.subject} is being imported by another process; waiting`,
        ),
      context.signal,
    );
    const before = settings.skipUnchanged ? await store.completedRun(database, file) : undefined;
    if (before !== undefined) {
      context.log.info(
        { subject: file.subject, file: name, run: before },
        `${name} is unchanged since run ${before}`,
      );
      return { kind: "unchanged", subject: file.subject, run: before };
    }
    return await load(database, file, expected, settings, parser, context);
  });
}

/** The subject of a file, which all runs for the same water year, month or gauge share. */
function subjectOf(expected: Expectation): string {
  if (expected.source === "workbook") return `workbook:${expected.waterYear}`;
  return expected.source === "pdf" ? `pdf:${expected.month}` : `fopr:${expected.gauge}`;
}

async function load(
  database: Database,
  file: store.ArrivedFile,
  expected: Expectation,
  settings: ImportSettings,
  parser: IsolatedParser,
  context: Context,
): Promise<Imported> {
  const { subject } = file;
  const run = await store.claimRun(database, file);
  if (run.resumed)
    context.log.info({ subject, run: run.id }, `${subject} goes on where run ${run.id} stopped`);
  try {
    const remarks = await store.stage(database, parser.parse(file.bytes, expected));
    refuseUnread(remarks, settings.maxUnreadShare);
    // Only now, because staging is one statement that lasts as long as the parser, which has its own limit.
    await database.query(`SET statement_timeout = '${settings.queryTimeoutSeconds}s'`);
    const units = await prepare(database, run, file, expected, remarks, settings);
    const failures = await applyUnits(database, run, file, units, settings, context);
    if (failures.length > 0) {
      const headline = `${failures.length} of ${units.length} gauge-months failed: ${failures[0]}`;
      throw new JobError(`${headline}. The others are in; the next import of the file tries these alone.`);
    }
    const counts = await transaction(database, "BEGIN", async () => {
      await store.gatherStrays(database);
      if (expected.source === "fopr") {
        await database.query("UPDATE gauge SET fopr_imported_at = now() WHERE id = $1", [expected.gauge]);
      }
      return await store.endRun(database, run.id, "completed");
    });
    return { kind: "imported", subject, counts, problems: remarks.problemCount, resumed: run.resumed };
  } catch (error) {
    // A stopped import stays open and is resumed later; so does one whose database connection failed before this could
    // be written.
    if (!context.signal.aborted) {
      const status = error instanceof RefusedFile ? "refused" : "failed";
      await store.endRun(database, run.id, status, String((error as Error).message)).catch(() => undefined);
    }
    throw error;
  }
}

/** A file that changed its layout would otherwise be imported as one that says little. */
function refuseUnread({ readings, lost, problems: [first] }: store.FileRemarks, allowed: number): void {
  const values = readings + lost;
  if (lost === 0 || lost <= allowed * values) return;
  const example = first ? `; the first: ${first.where} "${first.text}": ${first.reason}` : "";
  throw new RefusedFile(
    `${lost} of its ${values} values cannot be read, more than ${allowed * 100}% (RAIN_MAX_UNREAD_SHARE=${allowed})${example}`,
  );
}

/** Everything before the readings: names, the station, the file's own totals, and the problems. */
async function prepare(
  database: Database,
  run: store.Run,
  file: store.ArrivedFile,
  expected: Expectation,
  remarks: store.FileRemarks,
  settings: ImportSettings,
): Promise<store.Unit[]> {
  if (remarks.station) await store.storeStation(database, remarks.station, remarks.outages);
  const { units, problems } = await store.resolve(database, settings.rainfallMax);
  const found = [...remarks.problems, ...problems];
  await transaction(database, "BEGIN", async () => {
    await database.query(
      `INSERT INTO gauge (id) SELECT DISTINCT unnest($1::text[]) AS id ORDER BY id ON CONFLICT DO NOTHING`,
      [units.map(({ gauge }) => gauge)],
    );
    await store.lockGauges(
      database,
      units.map(({ gauge }) => gauge),
    );
    await store.nameGauges(database, remarks.names, file.source, yearOf(expected));
    await database.query("DELETE FROM import_problem WHERE run = $1", [run.id]);
    await database.query(
      `INSERT INTO import_problem SELECT $1, "where", text, reason
       FROM jsonb_to_recordset($2) AS problem ("where" text, text text, reason text)`,
      [run.id, JSON.stringify(found).replaceAll("\\u0000", "")],
    );
    await database.query(
      `INSERT INTO stated_total (file, reported_as, from_day, to_day, inches)
       SELECT $1, gauge, "from", "to", inches
       FROM jsonb_to_recordset($2) AS total (gauge text, "from" date, "to" date, inches numeric)
       ON CONFLICT (file, reported_as, from_day) DO UPDATE SET inches = excluded.inches`,
      [run.file, JSON.stringify(remarks.totals)],
    );
  });
  return units;
}

/** Merges the remaining units, batch by batch. Returns the errors of single units; the others are imported. */
async function applyUnits(
  database: Database,
  run: store.Run,
  file: store.ArrivedFile,
  units: readonly store.Unit[],
  settings: ImportSettings,
  { log, signal, progress }: Context,
): Promise<string[]> {
  const remaining = await store.remainingUnits(database, run.id, units);
  const display = progress(file.subject, "gauge-months", units.length);
  display.advance(units.length - remaining.length);
  const failures: string[] = [];
  const apply = (batch: readonly store.Unit[]) =>
    retry(
      () => store.applyBatch(database, { run: run.id, file: run.file, source: file.source, units: batch }),
      {
        attempts: 4,
        firstDelayMs: 100,
        longestDelayMs: 2_000,
        signal,
        retryable: (error) => PASSING.has(sqlState(error) ?? ""),
      },
    );
  try {
    for (const batch of store.batches(remaining, settings.batchSize)) {
      signal.throwIfAborted();
      try {
        await apply(batch);
      } catch (error) {
        if (sqlState(error) === undefined) throw error;
        // One bad unit must not block the others: each is tried alone.
        for (const unit of batch) {
          try {
            await apply([unit]);
          } catch (alone) {
            if (sqlState(alone) === undefined) throw alone;
            const message = `${unit.gauge} ${unit.month.slice(0, 7)}: ${(alone as Error).message}`;
            log.error({ subject: file.subject, gauge: unit.gauge, month: unit.month }, message);
            failures.push(message);
            await store.markFailed(database, run.id, unit, message);
          }
        }
      }
      display.advance(batch.length);
    }
  } finally {
    display.done();
  }
  return failures;
}

/** The year of the file, which decides which of two names is newer. */
function yearOf(expected: Expectation): number {
  if (expected.source === "workbook") return expected.waterYear;
  if (expected.source === "fopr") return 0;
  return yearOfMonth(expected.month) + (numberOfMonth(expected.month) >= 10 ? 1 : 0);
}
