import type { TestDatabase } from "../postgres/postgres";

/** All that a database holds in its public schema, as text: columns, rows, comments, views and functions. */
export async function contentsOf(
  database: TestDatabase,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const relations = await database.query<{ name: string; kind: string; shape: string }>(
    `SELECT c.relname AS name, c.relkind AS kind, concat_ws(' ', obj_description(c.oid, 'pg_class'), c.relacl, c.reloptions,
       (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS shape
     FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1`,
  );
  const contents: Record<string, readonly string[]> = {};
  for (const { name, shape } of relations) {
    const rows = await database.query<{ row: string }>(
      `SELECT t::text AS row FROM "${name}" AS t ORDER BY 1`,
    );
    contents[name] = [shape, ...rows.map(({ row }) => row)];
  }
  const functions = await database.query<{ name: string; definition: string }>(
    `SELECT oid::regprocedure::text AS name, pg_get_functiondef(oid) AS definition FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
  );
  for (const { name, definition } of functions) contents[name] = [definition];
  return contents;
}
