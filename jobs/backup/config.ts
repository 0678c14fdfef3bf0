import { z } from "zod";
import { argument, database, flag, objectStore, text, variable, wholeNumber } from "../shared";
import { NAME } from "./manifest";

/** The bucket that holds the backups. */
export const storeSettings = { store: objectStore("BACKUP_S3", "the backups") };

/** The server whose databases are backed up or restored. */
export const serverSettings = {
  server: database("BACKUP_SERVER", "the PostgreSQL server", { database: "postgres", user: "postgres" }),
};

export const programSettings = {
  binaries: flag(
    "--bin-dir <folder>",
    "folder with pg_dump and pg_restore; without it they are sought on the PATH",
    text("the path of a folder").optional(),
    "BACKUP_BIN_DIR",
  ),
};

export const databasesSetting = flag(
  "--databases <names>",
  "databases to back up, separated by commas; without it all that take connections",
  text("names separated by commas")
    .transform((given) => given.split(",").map((name) => name.trim()))
    .refine(
      (names) => names.every(Boolean) && new Set(names).size === names.length,
      "allowed: each name once",
    )
    .optional(),
  "BACKUP_DATABASES",
);

export const compressionSetting = flag(
  "--compression <level>",
  "level of zstd",
  wholeNumber({ min: 1, max: 19 }).default(3),
  "BACKUP_COMPRESSION",
);

export const retentionSetting = flag(
  "--retention-days <days>",
  "backups older than this are removed, save for the newest good one",
  wholeNumber({ min: 1, max: 3_650 }).default(30),
  "BACKUP_RETENTION_DAYS",
);

export const maxAgeSetting = flag(
  "--max-age-hours <hours>",
  "age of the newest backup that is an alert",
  wholeNumber({ min: 1, max: 8_760 }).default(26),
  "BACKUP_MAX_AGE_HOURS",
);

/** A backup as a word of the command line. */
export const backupArgument = argument(
  0,
  "backup",
  "name of the backup; without it the newest",
  z.string().regex(NAME, "allowed: postgres_YYYYMMDD_HHMMSS, as `backup list` shows it").optional(),
);

export const namespaceSetting = variable(
  "BACKUP_NAMESPACE",
  "namespace that the reports name",
  text().default("postgres-cluster"),
);
