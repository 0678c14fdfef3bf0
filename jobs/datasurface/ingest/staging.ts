import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import {
  type Context,
  type Database,
  JobError,
  maskedMessage,
  maskedPlace,
  quoteIdentifier as quoted,
  sqlState,
} from "../../shared";
import { CopyOut, type SourceRead } from "./source";
import { columnList, type DatasetTables } from "./tables";

type Copying = Pick<Context, "progress" | "signal">;

/** The rows that went through a COPY. */
export interface Copied {
  readonly rows: number;
  /** SHA-256 of the rows in PostgreSQL's binary format, in the order in which they came. */
  readonly digest: string;
}

/**
 * Copies one dataset from the source's snapshot into its batch's own table, a partition of the staging table. The bytes
 * go from socket to socket in PostgreSQL's binary format, which is exact and independent of all settings. The table is
 * unlogged: if a server crash empties it, its row count shows that and it is staged again.
 */
export async function stageDataset(
  source: Database,
  merge: Database,
  read: SourceRead,
  batch: number,
  context: Copying,
): Promise<Copied> {
  const { tables } = read;
  const staged = tables.staged(batch);
  await merge.query(`
    DROP TABLE IF EXISTS ${staged};
    CREATE UNLOGGED TABLE ${staged} (LIKE ${tables.staging}, CHECK (ds_surf_batch_id = ${batch}));
    ALTER TABLE ${staged} ALTER ds_surf_batch_id SET DEFAULT ${batch}`);

  // No other session can see the table yet, so its rows can be written as frozen: VACUUM never visits them again.
  const copied = await copyRows(source, merge, read, staged, "FORMAT binary, FREEZE", context);
  // The table's own CHECK constraint avoids the scan that would prove which partition the rows belong to.
  await merge.query(`ALTER TABLE ${tables.staging} ATTACH PARTITION ${staged} FOR VALUES IN (${batch})`);
  return copied;
}

/** Copies the result of a SELECT on the source into a table. */
export async function copyRows(
  source: Database,
  merge: Database,
  read: SourceRead,
  into: string,
  options: string,
  context: Copying,
): Promise<Copied> {
  const writing = merge.query(
    copyFrom(`COPY ${into} (${columnList(read.tables.columns)}) FROM STDIN (${options})`),
  );
  const { digest } = await copyInto(writing, source, read, context);
  return { rows: writing.rowCount, digest };
}

/** Reads what `copyRows` would copy, and keeps nothing but the digest. */
export const readRows = (source: Database, read: SourceRead, context: Copying): Promise<Copied> =>
  copyInto(new Writable({ write: (_chunk, _encoding, done) => done() }), source, read, context);

async function copyInto(
  writing: Writable,
  source: Database,
  { tables, select }: Pick<SourceRead, "tables" | "select">,
  { progress, signal }: Copying,
): Promise<Copied> {
  const shown = progress(tables.dataset.name, "bytes");
  const hash = createHash("sha256");
  const reading = source.query(new CopyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`));
  reading.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    shown.advance(chunk.length);
  });
  try {
    await pipeline(reading, writing, { signal });
    return { rows: reading.rowCount, digest: hash.digest("hex") };
  } catch (error) {
    throw misfit(tables, error);
  } finally {
    shown.done();
  }
}

/** Whether the staged rows of a batch are complete; a server crash or a failover empties unlogged tables. */
export async function isStaged(
  merge: Database,
  tables: DatasetTables,
  batch: number,
  rows: number,
): Promise<boolean> {
  const staged = tables.staged(batch);
  const { rows: found } = await merge.query<{ there: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS there",
    [staged],
  );
  if (!found[0]?.there) return false;
  const { rows: counted } = await merge.query<{ count: string }>(`SELECT count(*) FROM ${staged}`);
  return Number(counted[0]?.count) === rows;
}

/** Drops the staged rows of batches before `oldest`; returns the number of these batches. */
export async function trimStaging(merge: Database, tables: DatasetTables, oldest: number): Promise<number> {
  const partitions = await stagedBatches(merge, tables);
  const obsolete = partitions.filter(({ batch }) => batch < oldest);
  for (const { name } of obsolete) await merge.query(`DROP TABLE public.${quoted(name)}`);
  return obsolete.length;
}

export async function dropStaged(merge: Database, tables: DatasetTables, batch: number): Promise<void> {
  await merge.query(`DROP TABLE IF EXISTS ${tables.staged(batch)}`);
}

async function stagedBatches(
  merge: Database,
  tables: DatasetTables,
): Promise<{ name: string; batch: number }[]> {
  const { rows } = await merge.query<{ name: string; bound: string }>(
    `SELECT relname AS name, pg_get_expr(relpartbound, oid) AS bound FROM pg_class
     WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass($1))`,
    [tables.staging],
  );
  return rows.map(({ name, bound }) => ({ name, batch: Number(/\d+/.exec(bound)?.[0]) }));
}

function misfit({ dataset, key, showValues }: DatasetTables, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  if (sqlState(error) === "23502") {
    const remedy = key.includes(error.column ?? "")
      ? "model the dataset with another key under another name"
      : "make the column nullable in the model";
    return new JobError(
      `${dataset.name}: column ${error.column} is null in a row of the source, and the model says that it never is; ` +
        `mend the row (WHERE ${quoted(error.column ?? "")} IS NULL), or ${remedy}`,
    );
  }
  if (sqlState(error) === "42501") {
    return new JobError(
      `${dataset.name}: the source user may not read all rows: ${error.message}; exempt it with BYPASSRLS`,
    );
  }
  if (error.code?.startsWith("22")) {
    return new JobError(
      showValues
        ? `${dataset.name}: a value does not fit the model: ${error.message} (${error.where ?? "COPY"})`
        : `${dataset.name}: a value does not fit the model: ${maskedMessage(error.message)} (${maskedPlace(error.where ?? "COPY")}); --show-values shows it`,
    );
  }
  return error;
}
