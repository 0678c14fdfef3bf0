import { readdirSync, readFileSync } from "node:fs";
import { type Database, type Migration, migrate } from "../../shared";

const FOLDER = new URL("../migrations/", import.meta.url);

/** The steps of the rain database, oldest first: plain SQL files, named by the moment of their making. */
export function rainMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => ({ id: name.replace(/\.sql$/, ""), sql: readFileSync(new URL(name, FOLDER), "utf8") }));
}

/** Brings the database to the newest schema; several processes may ask at once. */
export const migrateRain = (database: Database): Promise<string[]> =>
  migrate(database, "rain", rainMigrations());
