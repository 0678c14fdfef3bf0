import type { Database } from "../../shared";

/** A column as the catalogue has it. */
export interface Column {
  readonly name: string;
  /** As `format_type` spells it, such as `timestamp with time zone`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly primaryKey: boolean;
  /** Values that a CHECK of the form `IN (...)` allows. */
  readonly allowed: readonly string[];
  readonly mayInsert: boolean;
  readonly mayUpdate: boolean;
}

/** A foreign key, which PostgREST embeds by. */
export interface Reference {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly referenced: readonly string[];
}

/** A table that the role `authenticated` may read. */
export interface Table {
  readonly name: string;
  readonly mayInsert: boolean;
  readonly mayUpdate: boolean;
  readonly mayDelete: boolean;
  readonly columns: readonly Column[];
  readonly references: readonly Reference[];
}

/** What PostgREST would serve of `public` to a user, from the catalogue and the role's grants. */
export async function readTables(database: Database): Promise<Table[]> {
  const { rows } = await database.query<Table>(TABLES);
  return rows.map((table) => ({
    ...table,
    mayInsert: table.columns.some(({ mayInsert }) => mayInsert),
    mayUpdate: table.columns.some(({ mayUpdate }) => mayUpdate),
  }));
}

/** The values of `CHECK (column = ANY (ARRAY['a'::text, ...]))`, as PostgreSQL writes `IN` back. */
const ALLOWED = `SELECT coalesce(array_agg(match[1] ORDER BY place), '{}')
  FROM pg_constraint AS condition,
    regexp_matches(pg_get_constraintdef(condition.oid), '''([^'']*)''::text', 'g') WITH ORDINALITY AS found (match, place)
  WHERE condition.conrelid = class.oid AND condition.contype = 'c' AND condition.conkey = ARRAY[attnum]
    AND pg_get_constraintdef(condition.oid) ~ '^CHECK \\(\\(\\w+ = ANY \\(ARRAY\\['`;

const TABLES = `
  SELECT class.relname::text AS name,
    has_table_privilege('authenticated', class.oid, 'DELETE') AS "mayDelete",
    (SELECT jsonb_agg(jsonb_build_object(
        'name', attname,
        'type', format_type(atttypid, atttypmod),
        'nullable', NOT attnotnull,
        'hasDefault', atthasdef,
        'primaryKey', EXISTS (SELECT FROM pg_index WHERE indrelid = class.oid AND indisprimary AND attnum = ANY (indkey)),
        'allowed', (${ALLOWED}),
        'mayInsert', has_column_privilege('authenticated', class.oid, attnum, 'INSERT'),
        'mayUpdate', has_column_privilege('authenticated', class.oid, attnum, 'UPDATE')
      ) ORDER BY attnum)
      FROM pg_attribute WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped) AS columns,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', conname,
        'columns', (SELECT jsonb_agg(attname ORDER BY place) FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = conrelid AND attnum = number),
        'table', confrelid::regclass::text,
        'referenced', (SELECT jsonb_agg(attname ORDER BY place) FROM unnest(confkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = confrelid AND attnum = number)
      ) ORDER BY conname), '[]')
      FROM pg_constraint WHERE conrelid = class.oid AND contype = 'f') AS references
  FROM pg_class AS class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'trellis_migrations'
    AND has_any_column_privilege('authenticated', class.oid, 'SELECT')
  ORDER BY relname`;
