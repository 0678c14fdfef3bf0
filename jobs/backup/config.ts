import { z } from "zod";
import {
  argument,
  database,
  flag,
  type Inputs,
  objectStore,
  readSettings,
  type Setting,
  text,
  variable,
  wholeNumber,
} from "../shared";
import type { MembersAccess } from "./dumps";
import { NAME } from "./store";

const patienceSetting = flag(
  "--patience <seconds>",
  "how long the work under way waits for a storage that takes or gives nothing",
  wholeNumber({ min: 0, max: 86_400 })
    .default(600)
    .transform((seconds) => seconds * 1000),
  "BACKUP_PATIENCE_SECONDS",
);

/** The bucket that holds the backups, and how long jobs wait for it. */
export const storeSettings = {
  store: objectStore("BACKUP_S3", "the backups"),
  patience: patienceSetting,
  identity: variable(
    "BACKUP_S3_IDENTITY",
    "the key that reads encrypted backups; the stack's output offsiteBackupKey",
    text()
      .regex(/^AGE-SECRET-KEY-1[A-Z0-9]+$/, "allowed: a private key of age, AGE-SECRET-KEY-1...")
      .optional(),
    { secret: true },
  ),
};

/** A second bucket, which a failure of the first one does not affect. */
export const offsiteSettings = {
  offsite: objectStore("BACKUP_OFFSITE", "the copies"),
  recipient: variable(
    "BACKUP_OFFSITE_RECIPIENT",
    "the public key that copies are encrypted for",
    text().regex(/^age1[a-z0-9]+$/, "allowed: a public key of age, age1..."),
    { secret: true }, // anyone who does not have this value cannot forge a backup
  ),
};

/** The server whose databases are backed up or restored. */
export const serverSettings = {
  server: database("BACKUP_SERVER", "the PostgreSQL server", { database: "postgres", user: "postgres" }),
};

const membersParts = {
  url: variable("BACKUP_PATRONI_URL", "the REST API of any member of Patroni, to find a replica by", text()),
  authority: variable(
    "BACKUP_PATRONI_CACERT",
    "file with the authority of the members' certificates",
    text("the path of a file"),
  ),
};

/** Patroni's members; without them, the server from the settings is dumped. */
export const membersSetting: Setting<MembersAccess | undefined> = {
  declares: Object.values(membersParts).flatMap(({ declares }) => declares),
  read: (inputs: Inputs) =>
    inputs.environment.BACKUP_PATRONI_URL ? readSettings(membersParts, inputs) : { value: undefined },
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

export const streamsSetting = flag(
  "--streams <n>",
  "sessions that copy, and objects that travel, at a time; each takes about 30 MiB of memory",
  wholeNumber({ min: 1, max: 64 }).default(4),
  "BACKUP_STREAMS",
);

export const pieceSetting = flag(
  "--piece-mib <MiB>",
  "tables are stored in pieces of about this size, each beside the others",
  wholeNumber({ min: 1, max: 1_048_576 })
    .default(128)
    .transform((mib) => mib * 2 ** 20),
  "BACKUP_PIECE_MIB",
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

/** A backup's name as a positional argument. */
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
