import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Database, type Migration, migrate, readMigrations } from "../../shared";

/** Beside this room's other folders in the sources, beside the program itself in the bundle. */
const FOLDER = ["../migrations/", "./rain-migrations/"]
  .map((path) => new URL(path, import.meta.url))
  .find((folder) => existsSync(folder));

/** The steps of the rain database, oldest first: plain SQL files, named by the moment of their making. */
export function rainMigrations(): Migration[] {
  if (!FOLDER) throw new Error("the program was packed without the migrations of the rain database");
  return readMigrations(fileURLToPath(FOLDER));
}

/** Brings the database to the newest schema; several processes may ask at once. */
export const migrateRain = (database: Database): Promise<string[]> =>
  migrate(database, "rain", rainMigrations());
