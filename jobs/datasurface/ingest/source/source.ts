import {
  type Database,
  JobError,
  listProblems,
  maskedMessage,
  quoteIdentifier as quoted,
  quoteLiteral,
  reason,
  sha256Of,
  sqlState,
} from "../../../shared";
import { isWidening, parseColumnType, type Store } from "../../model";
import type { ChangesState } from "../changes-state";
import { type DatasetTables, ROW_DIGEST } from "../tables";
import { STATE } from "./shared-snapshot";
import { type LockedTable, lockTables, type SourceWait } from "./source-locks";

/** How to read one dataset from the source within its snapshot. */
export interface SourceRead {
  readonly tables: DatasetTables;
  /** A SELECT that returns the columns of the staging table, in their order and with their types. */
  readonly select: string;
  /** Digest of the SELECT. Undefined: its rows are always compared. */
  readonly statement?: string;
  /**
   * Counters that nearly every write to the table changes. The server counts some writes late, so equal counters prove
   * nothing. Undefined for what is no plain table.
   */
  readonly activity?: string | undefined;
}

/** What a derived batch was made from. */
export interface Lineage {
  /** The store that was read, and its stream. */
  readonly store: string;
  readonly stream: string;
  /** The batch of that stream whose rows were read. */
  readonly batch: number;
  /** Digest of the key and of what becomes of each column: rows with different ones never mix in a batch. */
  readonly definition: string;
  /** The columns that were copied in clear, by dataset. */
  readonly clear: Readonly<Record<string, readonly string[]>>;
}

export interface SourceSnapshot {
  /**
   * Identifies the state of the source in this snapshot: two snapshots with the same identity show the same rows.
   * Undefined where the server cannot provide one (a standby does not list its running transactions).
   */
  readonly identity: string | undefined;
  readonly reads: readonly SourceRead[];
  /** The tables that are locked, for other sessions that read the same snapshot. Undefined: there may be none. */
  readonly locked?: readonly LockedTable[];
  /** Undefined for rows of a source database. */
  readonly lineage?: Lineage;
  /** Where the changes after this snapshot are found. Undefined for a store that is read by snapshots alone. */
  readonly changes?: ChangesState;
}

/**
 * Opens one snapshot of the source for all datasets, which lasts until the session ends. The tables are locked before
 * the snapshot is taken, against TRUNCATE and ALTER only: a snapshot does not protect from these. `takeSnapshot` may make
 * another session's snapshot this one's; by default the next statement takes one.
 */
export async function openSnapshot(
  source: Database,
  store: Store,
  datasets: readonly DatasetTables[],
  waiting: SourceWait,
  takeSnapshot: () => Promise<void> = async () => undefined,
): Promise<SourceSnapshot> {
  const locked = sourceTables(store, datasets);
  const problems = await lockTables(source, locked, {
    ...waiting,
    whose: `the source of ${store.name}`,
    remedy: "name it in the store's capture.tables",
  });
  if (problems.length > 0) throw unreadable(store, problems);
  await takeSnapshot();

  const { rows } = await source.query<{ identity: string | null }>(
    `SELECT CASE WHEN NOT pg_is_in_recovery() THEN ${STATE} END AS identity`,
  );
  const reads: SourceRead[] = [];
  for (const tables of datasets) {
    const read = await prepareRead(source, store, tables);
    if (Array.isArray(read)) problems.push(...read);
    else reads.push(read as SourceRead);
  }
  if (problems.length > 0) throw unreadable(store, problems);
  return { identity: rows[0]?.identity ?? undefined, reads, locked };
}

const unreadable = (store: Store, problems: readonly string[]) =>
  new JobError(
    listProblems(`the source of ${store.name} cannot be ingested, nothing was changed:`, problems),
  );

const sourceTables = (store: Store, datasets: readonly DatasetTables[]): LockedTable[] =>
  datasets.map(({ dataset }) => ({ dataset: dataset.name, table: sourceTable(store, dataset.name) }));

function sourceTable({ capture }: Store, dataset: string): string {
  return `${quoted(capture.source.schema)}.${quoted(capture.tables[dataset] ?? dataset)}`;
}

interface SourceColumn {
  readonly name: string;
  readonly type: string;
}

/** Finds how to convert the table's columns into the model's, or every reason why that is impossible. */
async function prepareRead(
  source: Database,
  store: Store,
  tables: DatasetTables,
): Promise<SourceRead | string[]> {
  const { dataset } = tables;
  const table = sourceTable(store, dataset.name);
  const { rows: found } = await source.query<SourceColumn>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  const columns = new Map(found.map((column) => [column.name, column]));
  const read = dataset.columns.filter(({ retired }) => !retired);
  const missing = read
    .filter(({ name }) => !columns.has(name))
    .map((column) => explainMissing(column, found));
  if (missing.length > 0) return missing.map((problem) => `${dataset.name}: ${problem}`);

  const conversions = read.flatMap((column) => {
    const from = columns.get(column.name)?.type ?? "";
    return from === column.type.sql ? [] : [{ name: column.name, from, to: column.type.sql }];
  });
  const misfits: string[] = [];
  for (const conversion of conversions) {
    const problem = await findMisfit(source, table, {
      ...conversion,
      showValues: tables.showValues ?? false,
    });
    if (problem) misfits.push(`${dataset.name}: ${problem}`);
  }
  if (misfits.length > 0) return misfits;

  const cast = new Map(conversions.map(({ name, to }) => [name, to]));
  const expressions = dataset.columns.map(({ name, retired, type }) => {
    if (retired) return `CAST(NULL AS ${type.sql})`;
    const to = cast.get(name);
    return to === undefined ? quoted(name) : `CAST(${quoted(name)} AS ${to})`;
  });
  const values = `SELECT ${expressions.map((each, index) => `${each} AS ${quoted(dataset.columns[index]?.name ?? "")}`).join(", ")} FROM ${table}`;
  const select = tables.key.includes(ROW_DIGEST) ? withRowDigest(values) : values;
  return { tables, select, statement: sha256Of(select), activity: await activityOf(source, table) };
}

async function activityOf(source: Database, table: string): Promise<string | undefined> {
  const { rows } = await source.query<{ activity: string }>(
    `SELECT concat_ws('/', oid, pg_relation_filenode(oid), pg_relation_size(oid), pg_stat_get_tuples_inserted(oid),
       pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid)) AS activity
     FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'r'`,
    [table],
  );
  return rows[0]?.activity;
}

/**
 * The digest of a whole row, computed over PostgreSQL's text form of the row. That form quotes values and distinguishes
 * null from the empty string, so different rows never have the same text; the session fixes all settings that affect
 * it.
 */
export const withRowDigest = (select: string) =>
  `SELECT ds_surf_row.*, sha256(convert_to(ds_surf_row::text, 'UTF8')) AS ${quoted(ROW_DIGEST)} FROM (${select}) AS ds_surf_row`;

/** A column of the source, whose type is not the model's. */
interface Conversion {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Whether the reason may show a value. */
  readonly showValues: boolean;
}

/** A column of another type than the model's is converted only if each value survives the conversion and back. */
async function findMisfit(
  source: Database,
  table: string,
  { name, from, to, showValues }: Conversion,
): Promise<string | undefined> {
  const [source_, model] = [parseColumnType(from), parseColumnType(to)];
  if (typeof source_ !== "string" && typeof model !== "string" && isWidening(source_, model))
    return undefined;
  const column = quoted(name);
  const back = `CAST(CAST(${column} AS ${to}) AS ${from})`;
  const counted = async (differs: string): Promise<string | undefined> => {
    await source.query("SAVEPOINT before_check");
    const { rows } = await source.query<{ misfits: string }>(
      `SELECT count(*) AS misfits FROM ${table} WHERE ${column} IS NOT NULL AND ${differs}`,
    );
    await source.query("RELEASE SAVEPOINT before_check");
    const misfits = Number(rows[0]?.misfits);
    if (misfits === 0) return undefined;
    return `${misfits} values of column ${name} (${from}) do not fit ${to}; widen the column in the model`;
  };
  const refused = async (error: unknown): Promise<string> => {
    await source.query("ROLLBACK TO SAVEPOINT before_check; RELEASE SAVEPOINT before_check");
    const state = sqlState(error);
    if (state === "42846" || state === "42883") {
      return (
        `column ${name} is ${from} in the source and cannot become ${to}: PostgreSQL does not convert between the two; ` +
        `model it as text, or name a view of the source that converts it in the store's capture.tables`
      );
    }
    if (state?.startsWith("22")) {
      return `a value of column ${name} (${from}) does not fit ${to}: ${showValues ? reason(error) : maskedMessage(reason(error))}; widen the column in the model`;
    }
    throw error;
  };
  try {
    return await counted(`${back} IS DISTINCT FROM ${column}`);
  } catch (error) {
    const problem = await refused(error);
    if (sqlState(error) !== NO_OPERATOR) return problem;
    // A type without equality, such as json, point or xml, is compared as text.
    return counted(`${back}::text IS DISTINCT FROM ${column}::text`).catch(refused);
  }
}

/** PostgreSQL's state for a function or operator that does not exist. */
const NO_OPERATOR = "42883";

function explainMissing(
  { name, key }: { readonly name: string; readonly key: boolean },
  found: readonly SourceColumn[],
): string {
  const alike = found.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const hint = alike ? `; it has ${quoteLiteral(alike.name)}, and case matters` : "";
  const remedy = key
    ? "it is part of the key: put it back, or give the dataset another key and another name, and its history begins anew"
    : 'if it was dropped for good, set "retired: true" on it in the model: merged values stay, and it is null from then on';
  return `the source table has no column ${quoteLiteral(name)}${hint}; ${remedy}`;
}
