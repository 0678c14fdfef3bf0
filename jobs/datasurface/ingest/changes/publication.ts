import {
  type Database,
  JobError,
  listProblems,
  quoteIdentifier as quoted,
  reason,
  sqlState,
} from "../../../shared";
import type { Store } from "../../model";
import type { FollowedTable } from "../changes-state";
import { sqlName } from "./followed-tables";

const NO_RIGHT = "42501";
const EXISTS = "42710";

/**
 * The publication of a stream, which says what `pgoutput` shows. One that the model names belongs to somebody else: it is
 * judged and never changed. Otherwise it is made, and gets the tables that it lacks.
 */
export async function ensurePublication(
  source: Database,
  { name: store, capture }: Store,
  name: string,
  tables: readonly FollowedTable[],
): Promise<void> {
  const list = tables.map(sqlName).join(", ");
  const create = `CREATE PUBLICATION ${quoted(name)} FOR TABLE ${list} WITH (publish_via_partition_root = true)`;
  const found = await find(source, name);
  if (capture.publication !== undefined) {
    if (!found) {
      throw new JobError(
        `the source of ${store} has no publication ${name} (capture.publication); make it as the owner of the tables: ${create}`,
      );
    }
  } else if (!found) {
    await allowed(source, create, store);
  } else {
    const missing = tables.filter((table) => !found.tables.has(sqlName(table)));
    if (missing.length > 0) {
      await allowed(
        source,
        `ALTER PUBLICATION ${quoted(name)} ADD TABLE ${missing.map(sqlName).join(", ")}`,
        store,
      );
    }
  }
  await judge(source, store, name, tables);
}

/**
 * Identifies the publication of these tables as it is: one that was changed may have hidden changes for a while, even if it is
 * what it was. Undefined where there is none.
 */
export async function publicationVersion(
  source: Database,
  name: string,
  tables: readonly FollowedTable[],
): Promise<string | undefined> {
  const { rows } = await source.query<{ version: string }>(
    `SELECT concat_ws('/', p.oid, p.xmin, (SELECT string_agg(concat_ws('/', r.oid, r.xmin), '/' ORDER BY r.oid) FROM pg_publication_rel AS r
       WHERE r.prpubid = p.oid AND r.prrelid IN (SELECT to_regclass(name) FROM unnest($2::text[]) AS name))) AS version
     FROM pg_publication AS p WHERE p.pubname = $1`,
    [name, tables.map(sqlName)],
  );
  return rows[0]?.version;
}

/** Refuses a publication that would hide changes. */
async function judge(
  source: Database,
  store: string,
  name: string,
  tables: readonly FollowedTable[],
): Promise<void> {
  const found = await find(source, name);
  const problems = found
    ? [
        ...found.hides.map(
          (what) =>
            `it leaves out every ${what}: ALTER PUBLICATION ${quoted(name)} SET (publish = 'insert, update, delete, truncate')`,
        ),
        ...(found.viaRoot
          ? []
          : [
              `it names partitions: ALTER PUBLICATION ${quoted(name)} SET (publish_via_partition_root = true)`,
            ]),
        ...tables.flatMap((table) => {
          const published = found.tables.get(sqlName(table));
          if (!published)
            return [
              `it lacks the table ${sqlName(table)}: ALTER PUBLICATION ${quoted(name)} ADD TABLE ${sqlName(table)}`,
            ];
          const absent = Object.keys(table.columns).filter(
            (column) => published.columns?.includes(column) === false,
          );
          return [
            ...(found.all || published.byName
              ? []
              : [`it shows ${sqlName(table)} by its schema or partitions: add the table itself`]),
            ...(published.filtered
              ? [`it shows only some rows of ${sqlName(table)}: publish the table without WHERE`]
              : []),
            ...(absent.length > 0
              ? [
                  `it lacks the columns ${absent.join(", ")} of ${sqlName(table)}: publish the table without a list of columns`,
                ]
              : []),
          ];
        }),
      ]
    : ["it was dropped meanwhile: run again"];
  if (problems.length > 0) {
    throw new JobError(
      listProblems(
        `the publication ${name} of the source of ${store} does not show all changes, nothing was changed:`,
        problems,
      ),
    );
  }
}

interface Publication {
  readonly hides: readonly string[];
  readonly viaRoot: boolean;
  /** Whether it shows all tables of the database. */
  readonly all: boolean;
  readonly tables: ReadonlyMap<
    string,
    { readonly columns: readonly string[] | null; readonly filtered: boolean; readonly byName: boolean }
  >;
}

async function find(source: Database, name: string): Promise<Publication | undefined> {
  const { rows } = await source.query<{
    insert: boolean;
    update: boolean;
    delete: boolean;
    truncate: boolean;
    root: boolean;
    all: boolean;
  }>(
    `SELECT pubinsert AS insert, pubupdate AS update, pubdelete AS delete, pubtruncate AS truncate, pubviaroot AS root,
       puballtables AS all
     FROM pg_publication WHERE pubname = $1`,
    [name],
  );
  const [row] = rows;
  if (!row) return undefined;
  const kinds = { INSERT: row.insert, UPDATE: row.update, DELETE: row.delete, TRUNCATE: row.truncate };
  // Lists of columns and filters came with PostgreSQL 15; as jsonb, a missing one is null.
  const { rows: tables } = await source.query<{
    schema: string;
    table: string;
    columns: string[] | null;
    filtered: boolean;
    byName: boolean;
  }>(
    `SELECT schemaname AS schema, tablename AS table, to_jsonb(t) -> 'attnames' AS columns,
       coalesce(to_jsonb(t) ->> 'rowfilter', '') <> '' AS filtered,
       EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
         WHERE p.pubname = $1 AND r.prrelid = format('%I.%I', schemaname, tablename)::regclass) AS "byName"
     FROM pg_publication_tables AS t WHERE pubname = $1`,
    [name],
  );
  return {
    hides: Object.entries(kinds).flatMap(([kind, shown]) => (shown ? [] : [kind])),
    viaRoot: row.root,
    all: row.all,
    tables: new Map(tables.map((each) => [sqlName(each), each])),
  };
}

async function allowed(source: Database, statement: string, store: string): Promise<void> {
  try {
    await source.query(statement);
  } catch (error) {
    if (sqlState(error) === EXISTS) return; // the other platform made it meanwhile
    if (sqlState(error) !== NO_RIGHT) throw error;
    throw new JobError(
      `the source user of ${store} may not publish its tables: ${reason(error)}. Run as their owner: ` +
        `${statement}; and name it in the model (capture.publication)`,
      1,
      { cause: error },
    );
  }
}
