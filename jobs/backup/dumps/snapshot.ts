import { type Database, JobError, quoteIdentifier, sqlState, transaction } from "../../shared";
import type { DatabaseProperties, TableRows, TableShape } from "../store";

/** A database as of one moment: what a dump of that moment must contain. */
export interface Snapshot {
  /** The snapshot's name, by which other sessions import it. */
  readonly id: string;
  readonly lsn: string;
  readonly roles: string[];
  readonly properties: DatabaseProperties;
  readonly largeObjects: number;
  /** All tables whose rows a dump contains, locked against change until the work is done. */
  readonly tables: readonly TableShape[];
  /** Counts the rows of every table as of the snapshot. */
  countRows(): Promise<TableRows[]>;
}

/** Holds a snapshot of the session's database until the work is done. */
export function withSnapshot<T>(database: Database, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  return transaction(database, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", async () => {
    const row = await one<{ id: string; lsn: string; objects: number; roles: string[] }>(database, MOMENT);
    const { rows: tables } = await database.query<TableShape>(TABLES);
    await keep(database, tables);
    return await work({
      tables,
      id: row.id,
      lsn: row.lsn,
      roles: row.roles,
      largeObjects: row.objects,
      properties: await one<DatabaseProperties>(database, PROPERTIES).then(withoutAbsent),
      countRows: () => countRowsOf(database, tables),
    });
  });
}

/** How long to wait for a transaction that is changing a table. */
export const LOCK_WAIT_MS = 60_000;

/** Locks the tables, so that nobody changes, truncates or drops one between the snapshot and its copy. */
async function keep(database: Database, tables: readonly TableShape[]): Promise<void> {
  if (tables.length === 0) return;
  await database.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
  try {
    const names = tables.map(
      ({ schema, name }) => `ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    );
    await database.query(`LOCK TABLE ${names.join(", ")} IN ACCESS SHARE MODE`);
  } catch (error) {
    if (sqlState(error) !== "55P03") throw error; // lock_not_available
    throw new JobError(
      `a table of the database ${database.database} is being changed, and has been for ${LOCK_WAIT_MS / 1000} s; ` +
        "run the backup again when that is done (pg_stat_activity shows who holds it)",
    );
  }
}

/**
 * Counts the rows of all tables that a dump contains. Tables of extensions are excluded: the extensions create their
 * own rows.
 */
export async function countRows(database: Database): Promise<TableRows[]> {
  const { rows: tables } = await database.query<TableShape>(TABLES);
  return await countRowsOf(database, tables);
}

async function countRowsOf(
  database: Database,
  tables: readonly Pick<TableShape, "schema" | "name" | "hashedBy">[],
): Promise<TableRows[]> {
  const counted: TableRows[] = [];
  for (const { schema, name, hashedBy } of tables) {
    const from = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
    const { rows } = await one<{ rows: string }>(database, `SELECT count(*) AS rows FROM ONLY ${from}`);
    counted.push({ schema, name, rows: Number(rows), ...(hashedBy === null ? {} : { hashedBy }) });
  }
  return counted;
}

export async function countLargeObjects(database: Database): Promise<number> {
  return (await one<{ count: number }>(database, "SELECT count(*)::int FROM pg_largeobject_metadata")).count;
}

/** The databases that can be backed up. */
export async function databaseNames(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname",
  );
  return rows.map(({ datname }) => datname);
}

export interface Server {
  readonly version: string;
  readonly major: number;
  readonly replica: boolean;
}

export const readServer = (database: Database) =>
  one<Server>(
    database,
    `SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS replica,
       current_setting('server_version_num')::int / 10000 AS major`,
  );

/**
 * Types whose binary form contains no number that differs between databases, such as an OID, and has not changed since
 * PostgreSQL 9. It costs half the work of the text form, in both directions.
 */
const BINARY_TYPES =
  "{bool,bytea,int2,int4,int8,float4,float8,numeric,text,varchar,bpchar,name,uuid,json,jsonb,date,time,timetz,timestamp," +
  "timestamptz,interval,inet,cidr,macaddr,bit,varbit,point}";

// An unlogged table has no rows on a replica, and pg_dump leaves them out there.
const TABLES = `
  SELECT nspname AS schema, relname AS name, coalesce(pg_table_size(pg_class.oid), 0)::float8 AS bytes,
    (coalesce(pg_relation_size(pg_class.oid), 0) / current_setting('block_size')::int)::float8 AS blocks, columns, "binary",
    (SELECT format('%I.%I', over.nspname, root.relname) FROM pg_partition_ancestors(pg_class.oid) WITH ORDINALITY AS ancestor
      JOIN pg_partitioned_table ON partrelid = ancestor.relid AND partstrat = 'h'
      JOIN pg_class AS root ON root.oid = partrelid JOIN pg_namespace AS over ON over.oid = root.relnamespace
      ORDER BY ordinality DESC LIMIT 1) AS "hashedBy"
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(attname::text ORDER BY attnum), '{}') AS columns,
      coalesce(bool_and(typtype = 'e' OR CASE WHEN typcategory = 'A' THEN typelem ELSE pg_type.oid END
        = ANY('${BINARY_TYPES}'::regtype[])), false) AS "binary"
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS attributes
  WHERE relkind = 'r' AND relpersistence <> 't' AND (relpersistence = 'p' OR NOT pg_is_in_recovery())
    AND nspname <> 'information_schema' AND nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
  ORDER BY 1, 2`;

const MOMENT = `
  SELECT pg_export_snapshot() AS id,
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
    (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects,
    ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' AND (
      oid IN (SELECT refobjid FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
        WHERE datname = current_database() AND refclassid = 'pg_authid'::regclass)
      OR oid IN (SELECT datdba FROM pg_database WHERE datname = current_database())) ORDER BY 1) AS roles`;

// The locale's column has different names in PostgreSQL 15 and 17, and does not exist before; hence the query through
// JSON.
const PROPERTIES = `
  SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, datcollate AS collate,
    datctype AS ctype,
    CASE WHEN fields->>'datlocprovider' IN ('i', 'b') THEN json_build_object(
      'provider', CASE fields->>'datlocprovider' WHEN 'i' THEN 'icu' ELSE 'builtin' END,
      'name', coalesce(fields->>'datlocale', fields->>'daticulocale')) END AS locale,
    (SELECT coalesce(json_agg(json_build_object('role', rolname, 'setting', setting)), '[]')
      FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting
      LEFT JOIN pg_roles ON pg_roles.oid = setrole WHERE setdatabase = pg_database.oid) AS settings,
    CASE WHEN datacl IS NOT NULL THEN
      (SELECT coalesce(json_agg(json_build_object('grantee', rolname, 'privilege', privilege_type,
          'grantable', is_grantable)), '[]')
        FROM aclexplode(datacl) LEFT JOIN pg_roles ON pg_roles.oid = grantee) END AS privileges,
    CASE WHEN datconnlimit >= 0 THEN datconnlimit END AS "connectionLimit",
    shobj_description(pg_database.oid, 'pg_database') AS comment
  FROM pg_database CROSS JOIN to_jsonb(pg_database) AS fields WHERE datname = current_database()`;

async function one<Row extends object>(database: Database, statement: string): Promise<Row> {
  const { rows } = await database.query<Row>(statement);
  const row = rows[0];
  if (!row) throw new Error("the server answered with no row");
  return row;
}

/** Without the properties that the database does not have: the query gives null for them. */
function withoutAbsent({
  privileges,
  connectionLimit,
  comment,
  ...properties
}: DatabaseProperties): DatabaseProperties {
  return {
    ...properties,
    ...(privileges && { privileges }),
    ...(typeof connectionLimit === "number" && { connectionLimit }),
    ...(typeof comment === "string" && { comment }),
  };
}
