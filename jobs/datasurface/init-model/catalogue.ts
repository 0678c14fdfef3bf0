import type { Database } from "../../shared";

/** A table of a source database, as its catalogue describes it. */
export interface SourceTable {
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly SourceColumn[];
  /** The columns of the primary key, or else of a unique index without nulls. Empty: nothing identifies a row. */
  readonly key: readonly string[];
}

export interface SourceColumn {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  readonly nullable: boolean;
}

/** The tables of a schema, in the order of their names. A partitioned table counts once. */
export async function sourceTables(source: Database, schema: string): Promise<SourceTable[]> {
  const { rows } = await source.query<SourceTable>(
    `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
            coalesce((SELECT json_agg(json_build_object(
                'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', NOT a.attnotnull
              ) ORDER BY a.attnum)
              FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
            coalesce((SELECT json_agg(k.names) -> 0
              FROM (SELECT (SELECT json_agg(a.attname ORDER BY a.attnum)
                            FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS names
                    FROM pg_index i
                    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
                      AND NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
                    ORDER BY i.indisprimary DESC, i.indnatts, i.indexrelid) AS k), '[]') AS key
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     ORDER BY c.relname`,
    [schema],
  );
  return rows;
}
