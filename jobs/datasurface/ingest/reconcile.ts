import {
  type Database,
  JobError,
  lockedTransaction,
  quoteIdentifier as quoted,
  sqlState,
} from "../../shared";
import { type Model, type Stream, sinksOf } from "../model";
import type { Batch } from "./batches";
import { judgeTables, type Migration } from "./compatibility";
import { areEmpty } from "./first-load";
import {
  type DatasetTables,
  dropViews,
  ensureViews,
  findTables,
  renderDatasetTables,
  renderInvariants,
  renderOwner,
  tablesOf,
} from "./tables";

/**
 * Migrates a stream's tables to its model: creates missing tables, remakes those without rows, adds columns, widens
 * types and lets columns be null, all in one transaction. Never drops a column and never touches a merged row. Returns
 * descriptions of what was done.
 */
export async function reconcile(
  merge: Database,
  model: Model,
  stream: Stream,
  committed: Batch | undefined,
): Promise<string[]> {
  return lockedTransaction(merge, `datasurface tables of ${stream.platform.name}`, async () => {
    const migrations = await judgeTables(merge, stream, committed);
    const done: string[] = [];
    for (const dataset of stream.datasets) {
      const tables = tablesOf(stream.platform, stream.store, dataset);
      const migration = migrations.get(tables.mergeName) ?? "none";
      done.push(...(await explained(tables, () => migrate(merge, model, stream, tables, migration))));
    }
    return done;
  });
}

/** Whether a table must be changed before the next batch. */
export const needsReconciling = (migrations: ReadonlyMap<string, Migration>) =>
  [...migrations.values()].some((each) => each !== "none");

async function migrate(
  merge: Database,
  model: Model,
  stream: Stream,
  tables: DatasetTables,
  migration: Migration,
): Promise<string[]> {
  if (migration === "create") {
    await create(merge, stream, tables);
    return [`made the tables of ${tables.dataset.name}`];
  }
  // A view pins the types of its columns: drop the consumer views first, and recreate them with the new type.
  const sinks = sinksOf(model, stream.platform).filter(
    (sink) => sink.store === stream.store && sink.dataset === tables.dataset,
  );
  if (migration === "remake") {
    await merge.query(`LOCK TABLE ${tables.merge} IN ACCESS EXCLUSIVE MODE`);
    if (!(await areEmpty(merge, [tables]))) {
      throw new JobError(`${tables.mergeName} was filled meanwhile, nothing was changed: run again`);
    }
    const grants = await dropViews(merge, sinks);
    await merge.query(`DROP TABLE ${tables.merge}; DROP TABLE IF EXISTS ${tables.staging}`);
    await create(merge, stream, tables);
    if (grants.size > 0) await ensureViews(merge, sinks, grants);
    return [
      `made the tables of ${tables.dataset.name} again: they had no rows, and another shape than the model's`,
    ];
  }
  await reconcileStaging(merge, tables);
  if (migration === "none") return [];

  await merge.query(renderOwner(stream, tables));
  const before = new Map(
    (await findTables(merge, [tables.mergeName]))
      .get(tables.mergeName)
      ?.schema.columns.map((each) => [each.name, each]),
  );
  const changes = tables.columns.flatMap(({ name, type, nullable }) => {
    const old = before.get(name);
    const column = `${tables.dataset.name}.${name}`;
    if (name.startsWith("ds_surf_")) return [];
    if (!old) {
      return [
        {
          sql: `ADD COLUMN ${quoted(name)} ${type.sql}`,
          done: `added ${column} (${type.sql})`,
          widens: false,
        },
      ];
    }
    return [
      ...(old.type === type.sql
        ? []
        : [
            {
              sql: `ALTER COLUMN ${quoted(name)} TYPE ${type.sql}`,
              done: `widened ${column} from ${old.type} to ${type.sql}`,
              widens: true,
            },
          ]),
      ...(old.nullable === nullable
        ? []
        : [
            {
              sql: `ALTER COLUMN ${quoted(name)} DROP NOT NULL`,
              done: `${column} may be null`,
              widens: false,
            },
          ]),
    ];
  });
  if (changes.length === 0) return [];
  const grants = changes.some(({ widens }) => widens) ? await dropViews(merge, sinks) : undefined;
  await merge.query(`ALTER TABLE ${tables.merge} ${changes.map(({ sql }) => sql).join(", ")}`);
  if (grants) await ensureViews(merge, sinks, grants);
  return changes.map(({ done }) => done);
}

async function create(merge: Database, stream: Stream, tables: DatasetTables): Promise<void> {
  // Staged rows of a stream that once had these names.
  await merge.query(`DROP TABLE IF EXISTS ${tables.staging}`);
  await merge.query(renderDatasetTables(tables));
  await merge.query(renderInvariants(tables));
  await merge.query(renderOwner(stream, tables));
}

/** PostgreSQL refuses to change a table under a view that is not one of DataSurface's. */
async function explained<T>(tables: DatasetTables, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const state = sqlState(error);
    if (state !== "2BP01" && state !== "0A000") throw error;
    const { detail } = error as { detail?: string }; // safe: errors with a state are the server's, which may have a detail
    throw new JobError(
      `${tables.mergeName} cannot follow the model, nothing was changed: other objects depend on it (${detail ?? "see the server's log"}). ` +
        "Drop them, run again, and make them again",
      1,
      { cause: error },
    );
  }
}

/** Staged rows can always be read again: a staging table with another shape is recreated. */
async function reconcileStaging(merge: Database, tables: DatasetTables): Promise<void> {
  const { rows } = await merge.query<{ name: string; type: string; nullable: boolean }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attname <> 'ds_surf_batch_id'`,
    [tables.staging],
  );
  const staging = new Map(rows.map((column) => [column.name, column]));
  const same =
    staging.size === tables.columns.length &&
    tables.columns.every(({ name, type, nullable }) => {
      const column = staging.get(name);
      return column?.type === type.sql && column.nullable === nullable;
    });
  if (!same) await merge.query(`DROP TABLE IF EXISTS ${tables.staging}; ${renderDatasetTables(tables)}`);
}
