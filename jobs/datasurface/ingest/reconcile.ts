import {
  type Database,
  listProblems,
  lockedTransaction,
  quoteIdentifier as quoted,
  UserError,
} from "../../shared";
import { belongingTo, isWidening, type Model, parseColumnType, type Stream, sinksOf } from "../model";
import { type DatasetTables, tablesOf } from "./dataset-tables";
import { renderDatasetTables, renderInvariants } from "./merge-tables";
import { dropViews, ensureViews } from "./views";

/**
 * Migrates a stream's tables to its model: creates missing tables, adds columns and widens types, all in one
 * transaction. Never drops a column and never touches a merged row. Returns descriptions of what was done.
 */
export async function reconcile(merge: Database, model: Model, stream: Stream): Promise<string[]> {
  return lockedTransaction(merge, `datasurface tables of ${stream.platform.name}`, async () => {
    const done: string[] = [];
    for (const dataset of stream.datasets) {
      done.push(
        ...(await reconcileDataset(merge, model, stream, tablesOf(stream.platform, stream.store, dataset))),
      );
    }
    return done;
  });
}

async function reconcileDataset(
  merge: Database,
  model: Model,
  stream: Stream,
  tables: DatasetTables,
): Promise<string[]> {
  const before = await columnsOf(merge, tables.merge);
  if (before.size === 0) {
    await merge.query(renderDatasetTables(tables));
    await merge.query(renderInvariants(tables));
    return [`made the tables of ${tables.dataset.name}`];
  }

  const additions = tables.columns.filter(({ name }) => !before.has(name));
  const changed = tables.columns.filter(
    ({ name, type }) => before.has(name) && before.get(name) !== type.sql,
  );
  const problems = [
    ...additions
      .filter(({ nullable }) => !nullable)
      .map(
        ({ name }) =>
          `column ${name} is new and must be nullable: the rows that are there have no value for it`,
      ),
    ...changed.flatMap(({ name, type }) => {
      const from = parseColumnType(before.get(name) ?? "");
      return typeof from !== "string" && isWidening(from, type)
        ? []
        : [`column ${name} is ${before.get(name)} and cannot become ${type.sql}`];
    }),
    ...(await keyProblems(merge, tables)),
  ];
  if (problems.length > 0) {
    throw new UserError(listProblems(`the table ${tables.mergeName} cannot follow the model:`, problems));
  }
  await reconcileStaging(merge, tables);
  if (additions.length + changed.length === 0) return [];

  // A view pins the types of its columns: drop the consumer views first, and recreate them with the new type.
  const sinks = sinksOf(model, stream.platform).filter(
    (sink) => sink.store === stream.store && sink.dataset === tables.dataset,
  );
  const grants = changed.length > 0 ? await dropViews(merge, sinks) : undefined;
  const actions = [
    ...additions.map(({ name, type }) => `ADD COLUMN ${quoted(name)} ${type.sql}`),
    ...changed.map(({ name, type }) => `ALTER COLUMN ${quoted(name)} TYPE ${type.sql}`),
  ];
  await merge.query(`ALTER TABLE ${tables.merge} ${actions.join(", ")}`);
  if (grants) await ensureViews(merge, sinks, grants);
  return [
    ...additions.map(({ name, type }) => `added ${tables.dataset.name}.${name} (${type.sql})`),
    ...changed.map(
      ({ name, type }) => `widened ${tables.dataset.name}.${name} from ${before.get(name)} to ${type.sql}`,
    ),
  ];
}

/** Staged rows can always be read again: a staging table with another shape is recreated. */
async function reconcileStaging(merge: Database, tables: DatasetTables): Promise<void> {
  const staging = await columnsOf(merge, tables.staging);
  staging.delete("ds_surf_batch_id");
  const same =
    staging.size === tables.columns.length &&
    tables.columns.every(({ name, type }) => staging.get(name) === type.sql);
  if (!same) await merge.query(`DROP TABLE IF EXISTS ${tables.staging}; ${renderDatasetTables(tables)}`);
}

async function keyProblems(merge: Database, tables: DatasetTables): Promise<string[]> {
  const { rows } = await merge.query<{ column: string }>(
    `SELECT a.attname AS column FROM pg_constraint AS k, unnest(k.conkey) WITH ORDINALITY AS part (number, position)
       JOIN pg_attribute AS a ON a.attnum = part.number
     WHERE k.conrelid = to_regclass($1) AND a.attrelid = k.conrelid AND k.conname = $2 ORDER BY part.position`,
    [tables.merge, belongingTo(tables.mergeName, "key")],
  );
  const found = rows.map(({ column }) => column).filter((column) => column !== "ds_surf_batch_in");
  if (found.join() === tables.key.join()) return [];
  return [`its key is (${found.join(", ")}) and cannot become (${tables.key.join(", ")})`];
}

/** The columns of a table with their types, in order; empty where the table does not exist. */
async function columnsOf(merge: Database, table: string): Promise<Map<string, string>> {
  const { rows } = await merge.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}
