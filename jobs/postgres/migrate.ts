import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  migrate,
  migrationStatus,
  type Outcome,
  readMigrations,
  takeBack,
  withDatabase,
} from "../shared";
import type { MigrateAction } from "./actions";

interface MigrateConfig {
  readonly action: MigrateAction;
  /** The domain whose tables the folder's migrations define. */
  readonly schema: string;
  /** Name of a new migration. */
  readonly name: string | undefined;
  readonly folder: string | undefined;
  readonly steps: number;
  readonly json: boolean;
  /** Not needed to create a migration. */
  readonly database: DatabaseAddress | undefined;
}

/** Migrates a database up or down, shows its state, or creates a new migration. */
export async function runMigrate(config: MigrateConfig, context: Context): Promise<Outcome> {
  const { action, schema } = config;
  const folder = config.folder ?? folderOf(schema);
  if (action === "new") return begin(folder, config.name ?? "", context);
  if (!existsSync(folder)) throw new JobError(`there are no migrations of ${schema}: ${folder} is not there`);
  const migrations = readMigrations(folder);

  await inDatabase(config, context, async (database) => {
    if (action === "status") {
      const steps = await migrationStatus(database, schema, migrations);
      const line = ({ id, state, appliedAt }: (typeof steps)[number]) =>
        `${state.padEnd(8)} ${(appliedAt?.toISOString() ?? "").padEnd(24)} ${id}`;
      return context.print(
        config.json ? JSON.stringify({ schema, steps }, undefined, 2) : steps.map(line).join("\n"),
      );
    }
    const taken =
      action === "up"
        ? await migrate(database, schema, migrations)
        : await takeBack(database, schema, migrations, config.steps);
    const what = action === "up" ? "applied" : "taken back";
    for (const id of taken) context.log.info({ schema, id }, `${what}: ${id}`);
    if (taken.length === 0) context.log.info({ schema }, `${schema}: nothing to do`);
  });
  return "done";
}

function inDatabase(
  { database, schema }: MigrateConfig,
  { signal }: Context,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  if (!database) throw new Error("a database was asked for with the settings");
  const args = { purpose: `the database of ${schema}`, applicationName: "postgres migrate", signal };
  return withDatabase(database, args, work);
}

/** Beside the domain's code, or beside the bundled program. */
function folderOf(schema: string): string {
  const candidates = [`../${schema}/migrations`, `${schema}-migrations`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return candidates.find(existsSync) ?? candidates[0] ?? "";
}

function begin(folder: string, name: string, { print }: Context): Outcome {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${Date.now()}_${name}.sql`);
  writeFileSync(path, "-- Why this step is needed.\n\n-- Down Migration\n", { flag: "wx" });
  print(path);
  return "done";
}
