import { createHash } from "node:crypto";
import { lockedTransaction } from "./advisory-lock";
import type { Database } from "./database";
import { UserError } from "./user-error";

/** One step of a schema, never changed once it has shipped. */
export interface Migration {
  readonly id: string;
  readonly sql: string;
}

/**
 * Brings a schema to its newest step, all missing steps in one transaction, one process at a time; answers which
 * steps it took. A step that was changed after it had been applied, or that this program does not know, stops it.
 */
export function migrate(
  database: Database,
  schema: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  return lockedTransaction(database, `migrations of ${schema}`, async () => {
    await database.query(`CREATE TABLE IF NOT EXISTS trellis_migrations (
      schema text NOT NULL, id text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (schema, id))`);
    const { rows } = await database.query<{ id: string; digest: string }>(
      "SELECT id, digest FROM trellis_migrations WHERE schema = $1",
      [schema],
    );
    const applied = new Map(rows.map(({ id, digest }) => [id, digest]));
    const known = new Map(migrations.map(({ id, sql }) => [id, digestOf(sql)]));
    const unknown = [...applied.keys()].filter((id) => !known.has(id));
    if (unknown.length > 0) {
      throw new UserError(
        `the schema ${schema} is newer than this program: it has ${unknown.join(", ")}. Use the newer image.`,
      );
    }
    const missing = migrations.filter(({ id }) => !applied.has(id));
    for (const { id, sql } of migrations) {
      if (applied.has(id) && applied.get(id) !== digestOf(sql)) {
        throw new Error(`migration ${id} of ${schema} was changed after it had been applied`);
      }
    }
    for (const { id, sql } of missing) {
      await database.query(sql);
      await database.query("INSERT INTO trellis_migrations (schema, id, digest) VALUES ($1, $2, $3)", [
        schema,
        id,
        digestOf(sql),
      ]);
    }
    return missing.map(({ id }) => id);
  });
}

const digestOf = (sql: string) => createHash("sha256").update(sql).digest("hex");
