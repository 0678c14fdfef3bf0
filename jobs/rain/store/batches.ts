import { type Database, transaction } from "../../shared";
import type { Source } from "../reading";
import { lockGauges } from "./gauges";
import type { Unit } from "./staging";
import { refreshSummaries, summarizeNew } from "./summaries";

/** How many readings of a file had each result. */
export interface Counts {
  readonly readings: number;
  readonly inserted: number;
  /** Replaced a value of the same or a less trusted source. */
  readonly corrected: number;
  readonly unchanged: number;
  /** Not stored, because a more trusted source has a value. */
  readonly outranked: number;
}

interface Batch {
  readonly run: number;
  readonly file: number;
  readonly source: Source;
  readonly units: readonly Unit[];
}

/**
 * Merges a batch of units: readings, summaries and progress in one transaction. After a crash either all of the batch
 * is stored and recorded as done, or nothing is.
 */
export function applyBatch(database: Database, batch: Batch): Promise<Counts> {
  return transaction(database, "BEGIN", async () => {
    // If a server crash loses the batch, it also loses the record of its progress, so the batch is done again. The end
    // of the run commits synchronously, which also makes all batches before it durable.
    await database.query("SET LOCAL synchronous_commit = off");
    await lockGauges(database, [...new Set(batch.units.map(({ gauge }) => gauge))]);
    const rows = (await isNew(database, batch.units))
      ? await insert(database, batch)
      : await upsert(database, batch);
    await database.query(PROGRESS, [batch.run, JSON.stringify(rows)]);
    return rows.reduce(add, NONE);
  });
}

/** Whether the record has nothing of these months yet. The locks on the gauges keep it so until the batch is stored. */
async function isNew(database: Database, units: readonly Unit[]): Promise<boolean> {
  const { rows } = await database.query(ANY_STORED, [
    units.map(({ gauge }) => gauge),
    units.map(({ month }) => month),
  ]);
  return rows.length === 0;
}

/** A first import: nothing can be in the way, so the readings need not be looked up one by one. */
async function insert(database: Database, batch: Batch): Promise<UnitCounts[]> {
  await database.query(INSERT, parameters(batch));
  await summarizeNew(database, batch.units);
  return batch.units.map(({ gauge, month, readings }) => ({
    ...NONE,
    gauge,
    month,
    readings,
    inserted: readings,
  }));
}

async function upsert(database: Database, batch: Batch): Promise<UnitCounts[]> {
  const { rows } = await database.query<UnitCounts>(UPSERT, parameters(batch));
  const touched = rows.filter(({ inserted, corrected }) => inserted + corrected > 0);
  await refreshSummaries(database, {
    gauges: touched.map(({ gauge }) => gauge),
    months: touched.map(({ month }) => month),
  });
  return rows;
}

const parameters = ({ units, source, file }: Batch) => [units.map(({ unit }) => unit), source, file];

/** Records a failed unit, so that the next run tries it alone. */
export async function markFailed(database: Database, run: number, unit: Unit, error: string): Promise<void> {
  await database.query(
    `INSERT INTO import_unit (run, gauge, month, status, readings, inserted, corrected, unchanged, outranked, error)
     VALUES ($1, $2, $3, 'failed', $4, 0, 0, 0, 0, $5)
     ON CONFLICT (run, gauge, month) DO UPDATE SET error = excluded.error, finished_at = now()`,
    [run, unit.gauge, unit.month, unit.readings, error],
  );
}

/** The remaining units of a run: those not tried yet, and those that failed. */
export async function remainingUnits(
  database: Database,
  run: number,
  units: readonly Unit[],
): Promise<Unit[]> {
  const { rows } = await database.query<{ done: string }>(
    `SELECT gauge || to_char(month, ' YYYY-MM-DD') AS done FROM import_unit WHERE run = $1 AND status = 'done'`,
    [run],
  );
  const done = new Set(rows.map((row) => row.done));
  return units.filter(({ gauge, month }) => !done.has(`${gauge} ${month}`));
}

/** Divides units, in order, into batches of about this many readings. */
export function* batches(units: readonly Unit[], batchSize: number): Generator<Unit[]> {
  let batch: Unit[] = [];
  let readings = 0;
  for (const unit of units) {
    batch.push(unit);
    readings += unit.readings;
    if (readings < batchSize) continue;
    yield batch;
    [batch, readings] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

const NONE: Counts = { readings: 0, inserted: 0, corrected: 0, unchanged: 0, outranked: 0 };

const add = (a: Counts, b: Counts): Counts => ({
  readings: a.readings + b.readings,
  inserted: a.inserted + b.inserted,
  corrected: a.corrected + b.corrected,
  unchanged: a.unchanged + b.unchanged,
  outranked: a.outranked + b.outranked,
});

type UnitCounts = Counts & Pick<Unit, "gauge" | "month">;

const ANY_STORED = `
  SELECT FROM unnest($1::text[], $2::date[]) AS unit (gauge, month)
  WHERE EXISTS (
    SELECT FROM reading
    WHERE reading.gauge = unit.gauge AND day >= month AND day < (month + interval '1 month')::date OFFSET 0
  )
  LIMIT 1`;

const COLUMNS = "gauge, day, inches, quality, footnote, source, reported_as, file";

const INSERT = `
  INSERT INTO reading (${COLUMNS})
  SELECT gauge, day, inches, quality, footnote, $2, reported_as, $3 FROM resolved WHERE unit = ANY ($1)
  ORDER BY gauge, day`;

/** All parts of the statement see the record as it was before, so precedence is judged by the old values. */
const UPSERT = `
  WITH arriving AS (SELECT * FROM resolved WHERE unit = ANY ($1)),
  landed AS (
    INSERT INTO reading AS stored (${COLUMNS})
    SELECT gauge, day, inches, quality, footnote, $2, reported_as, $3 FROM arriving ORDER BY gauge, day
    ON CONFLICT (gauge, day) DO UPDATE SET inches = excluded.inches, quality = excluded.quality,
      footnote = excluded.footnote, source = excluded.source, reported_as = excluded.reported_as,
      file = excluded.file, updated_at = now()
    WHERE excluded.source >= stored.source
      AND (excluded.inches, excluded.quality, excluded.footnote, excluded.source, excluded.reported_as)
        IS DISTINCT FROM (stored.inches, stored.quality, stored.footnote, stored.source, stored.reported_as)
    RETURNING gauge, day, xmax = 0 AS inserted
  )
  SELECT gauge, to_char(min(day), 'YYYY-MM-01') AS month, count(*)::integer AS readings,
    count(*) FILTER (WHERE landed.inserted)::integer AS inserted,
    count(*) FILTER (WHERE NOT landed.inserted)::integer AS corrected,
    count(*) FILTER (WHERE landed.inserted IS NULL AND stored.source <= $2)::integer AS unchanged,
    count(*) FILTER (WHERE landed.inserted IS NULL AND stored.source > $2)::integer AS outranked
  FROM arriving LEFT JOIN landed USING (gauge, day)
  -- One look into the index a reading, however large the record has grown since anybody counted it.
  LEFT JOIN LATERAL (
    SELECT source FROM reading
    WHERE landed.inserted IS NULL AND (reading.gauge, reading.day) = (arriving.gauge, arriving.day) OFFSET 0
  ) AS stored ON true
  GROUP BY unit, gauge ORDER BY unit`;

const PROGRESS = `
  INSERT INTO import_unit (run, gauge, month, status, readings, inserted, corrected, unchanged, outranked)
  SELECT $1, gauge, month, 'done', readings, inserted, corrected, unchanged, outranked
  FROM jsonb_to_recordset($2) AS unit (gauge text, month date, readings integer, inserted integer, corrected integer,
    unchanged integer, outranked integer)
  ON CONFLICT (run, gauge, month) DO UPDATE SET status = 'done', error = NULL, finished_at = now(),
    readings = excluded.readings, inserted = excluded.inserted, corrected = excluded.corrected,
    unchanged = excluded.unchanged, outranked = excluded.outranked`;
