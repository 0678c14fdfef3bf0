import { type Database, quoteIdentifier as quoted, quoteLiteral, sqlState } from "../../../shared";
import {
  isDerived,
  OPEN_BATCH,
  platformTables,
  type Sink,
  schemaOf,
  streamKey,
  viewNames,
} from "../../model";
import { columnList, inPublic, tablesOf } from "./dataset-tables";

/** A view or function that consumers read. */
interface ConsumerView {
  readonly name: string;
  readonly kind: "view" | "function";
  /** The statement that creates or replaces it. */
  readonly create: string;
}

/** The roles that may read a view, by view name, to restore the grants of a recreated view. */
type Grants = ReadonlyMap<string, readonly string[]>;

/**
 * The views of a sink. Live: the dataset's own columns with their current values. Full (forensic platforms only): every
 * version, with the batches and times between which it was valid. As of: the rows that were valid at one batch.
 */
function renderViews(sink: Sink): ConsumerView[] {
  const { platform, workspace, group, store, dataset } = sink;
  const names = viewNames({
    platform: platform.name,
    workspace: workspace.name,
    group,
    store: store.name,
    dataset: dataset.name,
  });
  const tables = tablesOf(platform, store, dataset);
  const columns = columnList(dataset.columns);
  if (!tables.forensic) {
    return [view(names.live, `SELECT ${columns} FROM ${tables.merge}`)];
  }
  const key =
    store.capture.consistency === "MULTI_DATASET"
      ? streamKey(store.name)
      : streamKey(store.name, dataset.name);
  const metrics = inPublic(platformTables(platform.name).metrics);
  const ended = (alias: string, batch: string) =>
    `LEFT JOIN ${metrics} AS ${alias} ON ${alias}.key = ${quoteLiteral(key)} AND ${alias}.batch_id = ${batch}`;
  const parameter = dataset.columns.some(({ name }) => name === "batch") ? "" : "batch";
  const types = schemaOf(dataset).columns.map((column) => `${quoted(column.name)} ${column.type}`);
  return [
    view(names.live, `SELECT ${columns} FROM ${tables.merge} WHERE ds_surf_batch_out = ${OPEN_BATCH}`),
    view(
      names.full,
      `SELECT ${columnList(dataset.columns, "m")}, m.ds_surf_batch_in, m.ds_surf_batch_out,
         opened.batch_end_time AS ds_surf_valid_from, closed.batch_end_time AS ds_surf_valid_to
       FROM ${tables.merge} AS m ${ended("opened", "m.ds_surf_batch_in")}
       ${ended("closed", `CASE WHEN m.ds_surf_batch_out < ${OPEN_BATCH} THEN m.ds_surf_batch_out + 1 END`)}`,
    ),
    {
      name: names.asOf,
      kind: "function",
      // The function reads the full view with the caller's privileges, so readers of that view need no other grant.
      // Its parameter has no name where a column has it: PostgreSQL allows each name once.
      create: `CREATE OR REPLACE FUNCTION ${inPublic(names.asOf)}(${parameter} integer) RETURNS TABLE (${types.join(", ")})
        LANGUAGE sql STABLE AS $body$ SELECT ${columnList(dataset.columns, "f")} FROM ${inPublic(names.full)} AS f
        WHERE f.ds_surf_batch_in <= $1 AND $1 <= f.ds_surf_batch_out $body$`,
    },
  ];
}

interface ViewCounts {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** Creates or updates the views of the sinks; call it inside a transaction. */
export async function ensureViews(
  merge: Database,
  sinks: readonly Sink[],
  former: Grants = new Map(),
): Promise<ViewCounts> {
  const counts = { created: 0, changed: 0, unchanged: 0 };
  for (const sink of sinks) {
    for (const rendered of renderViews(sink)) {
      const before = await definition(merge, rendered);
      const grants = former.get(rendered.name) ?? (await readersOf(merge, rendered));
      await make(merge, rendered, sink);
      const after = await definition(merge, rendered);
      const verdict = before === undefined ? "created" : before === after ? "unchanged" : "changed";
      counts[verdict]++;
      if (isDerived(sink.store)) await grantOnly(merge, rendered, sink.workspace.readers);
      else await grant(merge, rendered, [...new Set([...grants, ...sink.workspace.readers])]);
    }
  }
  return counts;
}

/**
 * Drops the views of the sinks, under any milestoning, and returns who could read them. Fails if another view depends
 * on one.
 */
export async function dropViews(merge: Database, sinks: readonly Sink[]): Promise<Grants> {
  const grants = new Map<string, readonly string[]>();
  for (const rendered of sinks.flatMap(droppable)) {
    if ((await definition(merge, rendered)) === undefined) continue;
    grants.set(rendered.name, await readersOf(merge, rendered));
    await merge.query(dropStatement(rendered));
  }
  return grants;
}

function droppable({ platform, workspace, group, store, dataset }: Sink): Omit<ConsumerView, "create">[] {
  const { live, full, asOf } = viewNames({
    platform: platform.name,
    workspace: workspace.name,
    group,
    store: store.name,
    dataset: dataset.name,
  });
  return [
    { name: asOf, kind: "function" },
    { name: full, kind: "view" },
    { name: live, kind: "view" },
  ];
}

/** A view whose columns moved cannot be replaced in place: it is dropped and recreated. */
async function make(merge: Database, rendered: ConsumerView, sink: Sink): Promise<void> {
  await merge.query("SAVEPOINT before_view");
  try {
    await merge.query(rendered.create);
  } catch (error) {
    const cannotReplace = ["42P16", "42P13"].includes(sqlState(error) ?? "");
    if (!cannotReplace) throw error;
    await merge.query("ROLLBACK TO SAVEPOINT before_view");
    const all = renderViews(sink);
    const dependents = rendered.kind === "view" ? all.filter(({ kind }) => kind === "function") : [];
    for (const each of [...dependents, rendered]) await merge.query(dropStatement(each));
    await merge.query(rendered.create);
  }
}

async function definition(
  merge: Database,
  { name, kind }: Omit<ConsumerView, "create">,
): Promise<string | undefined> {
  const { rows } = await merge.query<{ definition: string }>(
    kind === "view"
      ? `SELECT pg_get_viewdef(oid) AS definition FROM pg_class WHERE oid = to_regclass($1)`
      : `SELECT pg_get_functiondef(oid) AS definition FROM pg_proc WHERE oid = to_regprocedure($1 || '(integer)')`,
    [inPublic(name)],
  );
  return rows[0]?.definition;
}

async function readersOf(merge: Database, { name, kind }: Omit<ConsumerView, "create">): Promise<string[]> {
  if (kind === "function") return []; // everybody may call it; the view that it reads is protected
  const { rows } = await merge.query<{ reader: string }>(
    `SELECT CASE acl.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS reader
     FROM pg_class, aclexplode(relacl) AS acl
     WHERE oid = to_regclass($1) AND acl.privilege_type = 'SELECT' AND acl.grantee <> relowner`,
    [inPublic(name)],
  );
  return rows.map(({ reader }) => reader);
}

async function grant(
  merge: Database,
  { name, kind }: ConsumerView,
  readers: readonly string[],
): Promise<void> {
  if (kind === "function" || readers.length === 0) return;
  await merge.query(`GRANT SELECT ON ${inPublic(name)} TO ${readers.map(roleName).join(", ")}`);
}

/**
 * A copy is read by its workspace's readers alone: lint has judged them, and a reader who has left the model was not
 * asked when a column in clear came later.
 */
async function grantOnly(merge: Database, rendered: ConsumerView, readers: readonly string[]): Promise<void> {
  const former = await readersOf(merge, rendered);
  if (former.length > 0)
    await merge.query(`REVOKE SELECT ON ${inPublic(rendered.name)} FROM ${former.join(", ")}`);
  await grant(merge, rendered, readers);
}

/** Names from the catalogue are quoted where necessary; names from the model are quoted here. */
const roleName = (reader: string) =>
  /^("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)$/.test(reader) ? reader : quoted(reader);

const view = (name: string, select: string): ConsumerView => ({
  name,
  kind: "view",
  create: `CREATE OR REPLACE VIEW ${inPublic(name)} AS ${select}`,
});

const dropStatement = ({ name, kind }: Omit<ConsumerView, "create">) =>
  kind === "view"
    ? `DROP VIEW IF EXISTS ${inPublic(name)}`
    : `DROP FUNCTION IF EXISTS ${inPublic(name)}(integer)`;
