import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Database, type Migration, migrate, readMigrations } from "../../shared";

/** The migrations are beside this folder in the sources, and beside the program in the bundle. */
const FOLDER = ["../migrations/", "./rain-migrations/"]
  .map((path) => new URL(path, import.meta.url))
  .find((folder) => existsSync(folder));

/** The migrations of the rain database, oldest first: plain SQL files, named by their creation time. */
export function rainMigrations(): Migration[] {
  if (!FOLDER) throw new Error("the program was packed without the migrations of the rain database");
  return readMigrations(fileURLToPath(FOLDER));
}

/** Migrates the database to the newest schema; several processes may call it at once. */
export const migrateRain = (database: Database): Promise<string[]> =>
  migrate(database, "rain", rainMigrations());
