import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { Database } from "../../shared";
import type { Outage, PackedPart, PackedReadings, Problem, StatedTotal, Station } from "../reading";
import type { NamedGauge } from "./gauges";

/** A file's content besides its readings; small. */
export interface FileRemarks {
  readonly problems: Problem[];
  readonly names: NamedGauge[];
  readonly totals: StatedTotal[];
  readonly outages: Outage[];
  station?: Station;
  readings: number;
  /** Values that could not be read. */
  lost: number;
  /** Number of problems, of which only the first are kept. */
  problemCount: number;
}

/** The first this many problems describe a file well enough. */
const MOST_PROBLEMS = 1_000;

/** Readings are sent in chunks of about this many bytes. */
const CHUNK_BYTES = 1 << 16;

/**
 * Streams the readings of a whole file into a temporary table of this session, and returns the file's other content.
 * The record is not touched: a file that is refused half-way leaves no trace.
 */
export async function stage(database: Database, parts: AsyncIterable<PackedPart>): Promise<FileRemarks> {
  await database.query(`DROP TABLE IF EXISTS staged, resolved`);
  await database.query(`CREATE TEMP TABLE staged (reported_as text NOT NULL, day date NOT NULL, inches numeric(9, 5),
    quality quality NOT NULL, footnote text)`);
  const remarks: FileRemarks = {
    problems: [],
    names: [],
    totals: [],
    outages: [],
    readings: 0,
    lost: 0,
    problemCount: 0,
  };
  const copy = database.query(
    copyFrom("COPY staged (reported_as, day, inches, quality, footnote) FROM STDIN"),
  );
  await pipeline(Readable.from(copyText(parts, remarks), { objectMode: true }), copy);
  return remarks;
}

/**
 * Assigns a gauge and a unit of work (a gauge's month, numbered in order) to every staged reading. Where a file has one
 * gauge under two numbers, a value takes precedence over none, then the gauge's own number; differing values are
 * reported.
 */
export async function resolve(
  database: Database,
  rainfallMax: number,
): Promise<{ units: Unit[]; problems: Problem[] }> {
  await database.query("SET work_mem = '32MB'"); // a whole file is sorted in memory
  await database.query(
    `CREATE TEMP TABLE resolved AS
     SELECT *, dense_rank() OVER (ORDER BY gauge, date_trunc('month', day)) AS unit
     FROM (
       SELECT DISTINCT ON (gauge, day) coalesce(alias.gauge, reported_as) AS gauge, day, inches,
         CASE WHEN inches > ${rainfallMax} THEN 'suspect' ELSE quality END AS quality, footnote, reported_as
       FROM staged LEFT JOIN gauge_alias AS alias ON alias.alias = reported_as AND day < until
       ORDER BY gauge, day, inches IS NULL, (reported_as = coalesce(alias.gauge, reported_as)) DESC, reported_as
     ) AS chosen`,
  );
  await database.query("RESET work_mem");
  await database.query("CREATE INDEX ON resolved (unit)");
  await database.query("ANALYZE resolved (unit)");
  const { rows: units } = await database.query<Unit>(
    `SELECT unit::integer, gauge, to_char(min(day), 'YYYY-MM-01') AS month, count(*)::integer AS readings
     FROM resolved GROUP BY unit, gauge ORDER BY unit`,
  );
  const { rows: problems } = await database.query<Problem>(
    `SELECT 'gauge ' || chosen.gauge AS where, staged.day::text || ' ' || staged.reported_as || ' ' || staged.inches AS text,
       'the file has another value for this gauge and day, under ' || chosen.reported_as AS reason
     FROM staged
     JOIN (SELECT alias AS number, * FROM gauge_alias UNION ALL SELECT gauge, * FROM gauge_alias) AS gauge_alias
       ON number = staged.reported_as
     JOIN resolved AS chosen ON chosen.gauge = gauge_alias.gauge AND chosen.day = staged.day
     WHERE chosen.reported_as <> staged.reported_as AND staged.inches IS DISTINCT FROM chosen.inches
       AND staged.inches IS NOT NULL AND (staged.reported_as = gauge_alias.gauge OR staged.day < until)
     LIMIT ${MOST_PROBLEMS}`,
  );
  return { units, problems };
}

/** One month of one gauge: the unit of progress. */
export interface Unit {
  readonly unit: number;
  readonly gauge: string;
  readonly month: string;
  readonly readings: number;
}

async function* copyText(parts: AsyncIterable<PackedPart>, remarks: FileRemarks): AsyncGenerator<string> {
  let chunk = "";
  for await (const part of parts) {
    if (part.kind !== "packed") {
      note(part, remarks);
      continue;
    }
    remarks.readings += part.count;
    chunk += part.lines;
    if (chunk.length > CHUNK_BYTES) {
      yield chunk;
      chunk = "";
    }
  }
  yield chunk;
}

function note(part: Exclude<PackedPart, PackedReadings>, remarks: FileRemarks): void {
  if (part.kind === "problem") {
    remarks.problemCount += 1;
    remarks.lost += part.problem.lost ?? 0;
    if (remarks.problems.length < MOST_PROBLEMS) remarks.problems.push(part.problem);
  } else if (part.kind === "name") remarks.names.push({ id: part.gauge, name: part.name });
  else if (part.kind === "total") remarks.totals.push(part.total);
  else if (part.kind === "outage") remarks.outages.push(part.outage);
  else remarks.station = part.station;
}
