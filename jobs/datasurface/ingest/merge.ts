import {
  type Database,
  JobError,
  listProblems,
  maskedValue,
  quoteIdentifier as quoted,
  sqlState,
} from "../../shared";
import { fitIdentifier, OPEN_BATCH } from "../model";
import type { Counts } from "./counts";
import { columnList, type DatasetTables, keyConstraints, keysOf, sameKey, sameRow } from "./tables";

/** What the merge of one dataset would do, computed before anything is changed. */
export interface Changes {
  readonly tables: DatasetTables;
  /** The temporary table with the ctids of the staged and the merged row of each change. */
  readonly table: string;
  /** Number of rows that are open in the merge table before this batch. */
  readonly open: number;
  readonly total: number;
  readonly keysNew: number;
  readonly updated: number;
  readonly deleted: number;
  /** Whether the merge table has no rows at all, not even closed ones. */
  readonly first: boolean;
}

/**
 * Memory and planner settings for joins and indexes, until the transaction ends. The join uses all processors, although
 * it returns few rows. Those rows are fetched by their ctid instead of another scan of the tables, which the default
 * page cost would prevent. JIT is off: compiling such short expressions takes longer than it saves.
 */
export async function allowMemory(merge: Database, joinMemoryMb: number): Promise<void> {
  const memory = `'${joinMemoryMb}MB'`;
  await merge.query(`SET LOCAL work_mem = ${memory}; SET LOCAL maintenance_work_mem = ${memory};
    SET LOCAL parallel_tuple_cost = 0; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off`);
}

/** Locks the merge table against other writers until the transaction ends; readers are not blocked. */
export const lockAgainstWriters = (merge: Database, tables: DatasetTables) =>
  merge.query(`LOCK TABLE ${tables.merge} IN SHARE ROW EXCLUSIVE MODE`);

/** Finds all changes of a dataset with one join of its staged rows and its open rows, and counts them. */
export async function findChanges(
  merge: Database,
  tables: DatasetTables,
  batch: number,
  total: number,
): Promise<Changes> {
  await lockAgainstWriters(merge, tables);
  const staged = tables.staged(batch);
  const name = quoted(fitIdentifier(`changes_of_${tables.dataset.name}`));
  const table = `pg_temp.${name}`;
  const { open, any } = await countRows(merge, {
    open: `FROM ${tables.merge} AS m WHERE ${isOpen(tables)}`,
    any: `FROM (SELECT FROM ${tables.merge} LIMIT 1) AS one`,
  });
  if (any === 0) {
    return { tables, table, open: 0, total, keysNew: total, updated: 0, deleted: 0, first: true };
  }

  await merge.query(`
    CREATE TEMPORARY TABLE ${name} ON COMMIT DROP AS
    SELECT s.ds_surf_place AS staged, m.ds_surf_place AS merged
    FROM (SELECT ctid AS ds_surf_place, ${columnList(tables.columns)} FROM ${staged}) AS s
    FULL JOIN (SELECT ctid AS ds_surf_place, ${columnList(tables.columns)} FROM ${tables.merge} AS m WHERE ${isOpen(tables)}) AS m
      ON ${sameKey(tables, "s", "m")}
    WHERE s.ds_surf_place IS NULL OR m.ds_surf_place IS NULL OR NOT (${sameRow(tables, "s", "m")})`);
  // Without statistics the planner takes a few changes for many, and hashes all staged rows to find them.
  await merge.query(`ANALYZE ${table}`);
  const { keysNew, updated, deleted } = await countRows(merge, {
    keysNew: `FROM ${table} WHERE merged IS NULL`,
    updated: `FROM ${table} WHERE merged IS NOT NULL AND staged IS NOT NULL`,
    deleted: `FROM ${table} WHERE staged IS NULL`,
  });
  // Compares the staged rows that matched an open row with the open rows that matched a staged row. They differ only
  // when a key is staged twice.
  if (total - keysNew !== open - deleted) throw new DuplicateKeys(tables);
  return { tables, table, open, total, keysNew, updated, deleted, first: false };
}

/**
 * A digest of the rows that the merge would delete, in whatever order they are read: the sums of four parts of each
 * row's SHA-256 need no memory, however many rows there are.
 */
export async function digestOfDeletions(merge: Database, { tables, table }: Changes): Promise<string> {
  const parts = [1, 17, 33, 49].map(
    (from) => `sum(('x' || substr(digest, ${from}, 16))::bit(64)::bigint::numeric)`,
  );
  const { rows } = await merge.query<{ digest: string }>(
    `SELECT concat_ws(' ', $1::text, count(*), ${parts.join(", ")}) AS digest FROM (
       SELECT encode(sha256(convert_to(ds_surf_row::text, 'UTF8')), 'hex') AS digest
       FROM ${table} AS c JOIN ${tables.merge} AS ds_surf_row ON ds_surf_row.ctid = c.merged WHERE c.staged IS NULL
     ) AS deleted`,
    [tables.dataset.name],
  );
  return rows[0]?.digest ?? "";
}

/** Applies the changes; `keepDeleted` keeps rows that the source no longer has. */
export async function applyChanges(
  merge: Database,
  changes: Changes,
  batch: number,
  keepDeleted: boolean,
): Promise<Counts> {
  const { tables, keysNew, updated, total } = changes;
  const deleted = keepDeleted ? 0 : changes.deleted;
  try {
    if (changes.first) await insertAll(merge, changes, batch);
    else if (tables.forensic) await applyForensic(merge, changes, batch, keepDeleted);
    else await applyLive(merge, changes, batch, keepDeleted);
  } catch (error) {
    if (sqlState(error) === "23505") throw new DuplicateKeys(tables);
    throw error;
  }
  return {
    keys_new: keysNew,
    records_inserted: tables.forensic ? keysNew + updated : keysNew,
    records_updated: updated,
    records_deleted: deleted,
    unchanged: total - keysNew - updated,
    total_records: total,
  };
}

/** A key was staged more than once. A later query finds which one, after the transaction has ended. */
export class DuplicateKeys extends Error {
  constructor(readonly tables: DatasetTables) {
    super(`${tables.dataset.name}: duplicate keys`);
  }
}

/** The error that names the duplicate keys of the source. */
export async function duplicates(merge: Database, tables: DatasetTables, batch: number): Promise<JobError> {
  const keys = keysOf(tables);
  const { rows } = await merge.query<{ key: string; times: string }>(
    `SELECT ROW(${keys})::text AS key, count(*) AS times FROM ${tables.staged(batch)}
     GROUP BY ${keys} HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT 5`,
  );
  const { dataset } = tables;
  const keyed = dataset.columns.some((column) => column.key);
  const headline = keyed
    ? `${dataset.name}: the key (${tables.key.join(", ")}) occurs more than once in the source, nothing was merged:`
    : `${dataset.name}: the dataset has no key, and whole rows occur more than once, nothing was merged; name a key:`;
  const told = (key: string) =>
    !keyed ? "a row" : tables.showValues ? key : `a key of ${maskedValue(key.slice(1, -1))}`;
  return new JobError(
    listProblems(
      headline,
      rows.map(({ key, times }) => `${told(key)} occurs ${times} times`),
    ) +
      (keyed && !tables.showValues ? `\n--show-values shows the ${rows.length === 1 ? "key" : "keys"}` : ""),
  );
}

const isOpen = ({ forensic }: DatasetTables) => (forensic ? `m.ds_surf_batch_out = ${OPEN_BATCH}` : "true");

/** Inserts into an empty table without its indexes, which are built afterwards in one go instead of row by row. */
async function insertAll(merge: Database, { tables, total }: Changes, batch: number): Promise<void> {
  const columns = columnList(tables.columns);
  const insert = tables.forensic
    ? `INSERT INTO ${tables.merge} (${columns}, ds_surf_batch_in, ds_surf_batch_out)
       SELECT ${columns}, ${batch}, ${OPEN_BATCH} FROM ${tables.staged(batch)}`
    : `INSERT INTO ${tables.merge} (${columns}, ds_surf_batch_id) SELECT ${columns}, ${batch} FROM ${tables.staged(batch)}`;
  if (total === 0) return;
  const { drop, create } = keyConstraints(tables);
  await merge.query(drop);
  await affects(merge, total, insert);
  await merge.query(create);
}

async function applyLive(
  merge: Database,
  changes: Changes,
  batch: number,
  keepDeleted: boolean,
): Promise<void> {
  const { tables, table, keysNew, updated, deleted } = changes;
  const staged = tables.staged(batch);
  const columns = columnList(tables.columns);
  if (!keepDeleted) {
    await affects(
      merge,
      deleted,
      `DELETE FROM ${tables.merge} AS m USING ${table} AS c WHERE m.ctid = c.merged AND c.staged IS NULL`,
    );
  }
  await affects(
    merge,
    updated,
    `UPDATE ${tables.merge} AS m SET (${columns}, ds_surf_batch_id) = ROW(${columnList(tables.columns, "s")}, ${batch})
     FROM ${table} AS c JOIN ${staged} AS s ON s.ctid = c.staged WHERE m.ctid = c.merged`,
  );
  await affects(
    merge,
    keysNew,
    `INSERT INTO ${tables.merge} (${columns}, ds_surf_batch_id)
     SELECT ${columnList(tables.columns, "s")}, ${batch}
     FROM ${table} AS c JOIN ${staged} AS s ON s.ctid = c.staged WHERE c.merged IS NULL`,
  );
}

async function applyForensic(
  merge: Database,
  changes: Changes,
  batch: number,
  keepDeleted: boolean,
): Promise<void> {
  const { tables, table, keysNew, updated, deleted } = changes;
  const columns = columnList(tables.columns);
  // The open rows of changed and of deleted keys are closed.
  await affects(
    merge,
    keepDeleted ? updated : updated + deleted,
    `UPDATE ${tables.merge} AS m SET ds_surf_batch_out = ${batch - 1} FROM ${table} AS c
     WHERE m.ctid = c.merged${keepDeleted ? " AND c.staged IS NOT NULL" : ""}`,
  );
  await affects(
    merge,
    keysNew + updated,
    `INSERT INTO ${tables.merge} (${columns}, ds_surf_batch_in, ds_surf_batch_out)
     SELECT ${columnList(tables.columns, "s")}, ${batch}, ${OPEN_BATCH}
     FROM ${table} AS c JOIN ${tables.staged(batch)} AS s ON s.ctid = c.staged`,
  );
}

/** Runs a statement that must affect exactly the counted rows; any other number is a fault, and rolls back. */
async function affects(merge: Database, expected: number, statement: string): Promise<void> {
  if (expected === 0) return;
  const { rowCount } = await merge.query(statement);
  if (rowCount !== expected)
    throw new Error(`expected to change ${expected} rows, changed ${rowCount}: ${statement}`);
}

async function countRows<Name extends string>(
  merge: Database,
  of: Readonly<Record<Name, string>>,
): Promise<Record<Name, number>> {
  const counts = Object.entries<string>(of).map(([name, rest]) => `(SELECT count(*) ${rest}) AS "${name}"`);
  const { rows } = await merge.query<Record<string, string>>(`SELECT ${counts.join(", ")}`);
  // Safe: the statement returns one row, with one column for each name.
  return Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]),
  ) as Record<Name, number>;
}
