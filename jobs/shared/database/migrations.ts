import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { JobError } from "../command-line";
import { sha256Of } from "../digest";
import { lockedTransaction } from "./advisory-lock";
import type { Database } from "./database";
import { statementsOf } from "./sql-statements";

/** One migration of a schema; never changed after its release. */
export interface Migration {
  /** Creation time and name; migrations run in the order of the times. */
  readonly id: string;
  readonly sql: string;
  /** SQL that reverts the migration; undefined where it cannot be reverted. */
  readonly down?: string | undefined;
}

interface MigrationStatus {
  readonly id: string;
  readonly state: "applied" | "missing" | "changed" | "unknown";
  readonly appliedAt: Date | undefined;
}

/** The line that divides a file: the SQL after it reverts the SQL before it. */
const DOWN = /^-- *Down Migration *$/im;

/** The migrations in a folder, oldest first: plain SQL files, `<moment>_<name>.sql`, as in node-pg-migrate. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => {
      const [sql = "", down] = readFileSync(join(folder, name), "utf8").split(DOWN);
      return { id: name.replace(/\.sql$/, ""), sql, down };
    });
}

/**
 * Brings a schema to its newest migration: all missing migrations in one transaction, one process at a time. Returns
 * the migrations that it ran. It stops at a migration that was changed after it ran, or that this program does not
 * contain.
 */
export function migrate(
  database: Database,
  schema: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  return inTurn(database, schema, async () => {
    const { applied } = await judge(database, schema, migrations);
    const missing = migrations.filter(({ id }) => !applied.has(id));
    for (const { id, sql } of missing) {
      await execute(database, schema, id, sql);
      await database.query("INSERT INTO trellis_migrations (schema, id, digest) VALUES ($1, $2, $3)", [
        schema,
        id,
        sha256Of(sql),
      ]);
    }
    return missing.map(({ id }) => id);
  });
}

/** Reverts the newest migrations in one transaction; returns which. */
export function takeBack(
  database: Database,
  schema: string,
  migrations: readonly Migration[],
  count: number,
): Promise<string[]> {
  return inTurn(database, schema, async () => {
    const { applied } = await judge(database, schema, migrations);
    const newest = migrations
      .filter(({ id }) => applied.has(id))
      .reverse()
      .slice(0, count);
    const final = newest.filter(({ down }) => down === undefined).map(({ id }) => id);
    if (final.length > 0) {
      throw new JobError(
        `${final.join(", ")} of ${schema} cannot be taken back: the file has no section "-- Down Migration". Nothing was changed.`,
      );
    }
    for (const { id, down } of newest) {
      await execute(database, schema, id, down ?? "");
      await database.query("DELETE FROM trellis_migrations WHERE schema = $1 AND id = $2", [schema, id]);
    }
    return newest.map(({ id }) => id);
  });
}

/** The state of each migration of the program and of the database; changes nothing. */
export async function migrationStatus(
  database: Database,
  schema: string,
  migrations: readonly Migration[],
): Promise<MigrationStatus[]> {
  const { rows: there } = await database.query<{ there: boolean }>(
    "SELECT to_regclass('trellis_migrations') IS NOT NULL AS there",
  );
  const applied = there[0]?.there ? await appliedSteps(database, schema) : new Map<string, Applied>();
  const known = new Set(migrations.map(({ id }) => id));
  return [
    ...migrations.map(({ id, sql }): MigrationStatus => {
      const step = applied.get(id);
      const state = !step ? "missing" : step.digest === sha256Of(sql) ? "applied" : "changed";
      return { id, state, appliedAt: step?.appliedAt };
    }),
    ...[...applied].flatMap(([id, { appliedAt }]): MigrationStatus[] =>
      known.has(id) ? [] : [{ id, state: "unknown", appliedAt }],
    ),
  ];
}

interface Applied {
  readonly digest: string;
  readonly appliedAt: Date;
}

function inTurn<T>(database: Database, schema: string, work: () => Promise<T>): Promise<T> {
  return lockedTransaction(database, `migrations of ${schema}`, async () => {
    await database.query(`CREATE TABLE IF NOT EXISTS trellis_migrations (
      schema text NOT NULL, id text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (schema, id))`);
    return await work();
  });
}

async function appliedSteps(database: Database, schema: string): Promise<Map<string, Applied>> {
  const { rows } = await database.query<{ id: string } & Applied>(
    `SELECT id, digest, applied_at AS "appliedAt" FROM trellis_migrations WHERE schema = $1 ORDER BY id`,
    [schema],
  );
  return new Map(rows.map(({ id, ...step }) => [id, step]));
}

/** Refuses a database whose migrations are not a prefix of this program's. */
async function judge(database: Database, schema: string, migrations: readonly Migration[]) {
  const applied = await appliedSteps(database, schema);
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = [...applied.keys()].filter((id) => !known.has(id));
  if (unknown.length > 0) {
    throw new JobError(
      `the schema ${schema} is newer than this program: it has ${unknown.join(", ")}. Use the newer image.`,
    );
  }
  for (const { id, sql } of migrations) {
    const step = applied.get(id);
    if (step && step.digest !== sha256Of(sql)) {
      throw new Error(`migration ${id} of ${schema} was changed after it had been applied`);
    }
  }
  return { applied };
}

/** Runs a migration as a whole; an error names the failed statement and its line. */
async function execute(database: Database, schema: string, id: string, sql: string): Promise<void> {
  let completed = 0;
  const count = () => completed++;
  // Safe: pg's connection emits an event for each completed statement, but is not in pg's types.
  const { connection } = database as unknown as { connection: NodeJS.EventEmitter };
  connection.on("commandComplete", count);
  try {
    await database.query(sql);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const statement = statementsOf(sql)[completed];
    const line = error.position ? sql.slice(0, Number(error.position)).split("\n").length : statement?.line;
    const shown = statement ? `\n${excerpt(statement.text)}` : "";
    const detail = [error.detail, error.hint]
      .filter(Boolean)
      .map((text) => `\n  ${text}`)
      .join("");
    throw new JobError(
      `migration ${id}.sql of ${schema} failed at line ${line ?? "?"}, and nothing of it remains: ${error.message}${detail}${shown}`,
      1,
      { cause: error },
    );
  } finally {
    connection.off("commandComplete", count);
  }
}

const excerpt = (text: string) =>
  text
    .slice(0, 600)
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
