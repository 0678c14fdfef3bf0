import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import pino from "pino";
import { backup } from "../../../jobs/backup";
import { type Manifest, manifestKey, readManifest, writeManifest } from "../../../jobs/backup/store/manifest";
import { createProgress, JobError, parseCommandLine, prepare } from "../../../jobs/shared";
import { type JobRun, type RunJobArgs, runJob } from "../jobs/run-job";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../minio/object-store";
import { type PostgresServer, startPostgres } from "../postgres/postgres";
import { program } from "../programs";
import { query, SAMPLE } from "./sample-database";

/** Where backups are kept: the stand-in, or a real server. */
export interface Bucket {
  environment(prefix: string): Record<string, string>;
}

/** How a verb ended, and all that it said. */
export interface Ended {
  readonly error: string | undefined;
  readonly printed: string;
  readonly logged: string;
}

/** A real PostgreSQL with the database "crm" in it, and `jobs backup <verb>` upon it. */
export interface BackupRig {
  readonly server: PostgresServer;
  /** Runs the verb in this process, from its command line and environment on. */
  backup(bucket: Bucket, words: string, environment?: Record<string, string>): Promise<Ended>;
  /** Runs it as a process of its own, as a pod would. */
  process(bucket: Bucket, words: string, args?: RunJobArgs): Promise<JobRun>;
  databases(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startBackupRig(settings: Record<string, string> = {}): Promise<BackupRig> {
  const server = await startPostgres({ release: "debian", settings });
  await query(server, "postgres", "CREATE ROLE backup_owner; CREATE ROLE backup_reader");
  await query(
    server,
    "postgres",
    "CREATE DATABASE crm OWNER backup_owner TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'",
  );
  await query(server, "crm", SAMPLE);
  for (const statement of PROPERTIES) await query(server, "postgres", statement);
  const environmentOf = (bucket: Bucket): Record<string, string> => ({
    ...bucket.environment("BACKUP_S3"),
    BACKUP_SERVER_HOST: "127.0.0.1",
    BACKUP_SERVER_PORT: String(server.port),
    BACKUP_SERVER_PASSWORD: "postgres",
    BACKUP_DATABASES: "crm",
    BACKUP_PIECE_MIB: "1",
    BACKUP_BIN_DIR: dirname(realpathSync(program("initdb"))), // the programs themselves: Debian's PATH has a slower script before them
  });
  return {
    server,
    backup: (bucket, words, environment = {}) =>
      runHere(["backup", ...words.split(" ")], { ...environmentOf(bucket), ...environment }),
    process: (bucket, words, args = {}) =>
      runJob(["backup", ...words.split(" ")], {
        ...args,
        environment: { ...environmentOf(bucket), ...args.environment },
      }),
    databases: async () => {
      const rows = await query<{ datname: string }>(
        server,
        "postgres",
        "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1",
      );
      return rows.map(({ datname }) => datname);
    },
    stop: () => server.stop(),
  };
}

/** What belongs to a database and yet stands outside it. */
const PROPERTIES = [
  "ALTER DATABASE crm SET search_path = crm, public",
  "ALTER DATABASE crm SET application_name = 'it''s crm'",
  "ALTER ROLE backup_reader IN DATABASE crm SET work_mem = '8MB'",
  "REVOKE CONNECT ON DATABASE crm FROM PUBLIC",
  "GRANT CONNECT ON DATABASE crm TO backup_reader WITH GRANT OPTION",
  "ALTER DATABASE crm CONNECTION LIMIT 7",
  "COMMENT ON DATABASE crm IS 'what we know of it''s customers'",
];

async function runHere(words: readonly string[], environment: Record<string, string>): Promise<Ended> {
  const entry = { name: backup.name, summary: backup.summary, load: async () => backup };
  const printed: string[] = [];
  const logged: string[] = [];
  const log = pino({}, { write: (line) => logged.push(line) });
  const progress = createProgress(log, false);
  const print = (text: string) => printed.push(text);
  const ended = (error: string | undefined) => ({
    error,
    printed: printed.join("\n"),
    logged: logged.join(""),
  });
  try {
    const run = prepare(await parseCommandLine(words, [entry], environment));
    await run({ log, signal: new AbortController().signal, progress, print });
    return ended(undefined);
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    return ended(error.message);
  }
}

export async function withStandIn(work: (store: ObjectStoreStandIn) => Promise<void>): Promise<void> {
  const store = await startObjectStoreStandIn();
  try {
    await work(store);
  } finally {
    await store.stop();
  }
}

/** Changes the manifest of a stored backup as if it had been written so. */
export function rewriteManifest(
  store: ObjectStoreStandIn,
  name: string,
  change: (text: string) => string,
): void {
  const read = readManifest(store.objects.get(manifestKey(name))?.toString() ?? "", name);
  if (typeof read === "string") throw new Error(read);
  const changed = JSON.parse(change(JSON.stringify(read))) as Manifest; // whoever changes it keeps its shape
  store.objects.set(manifestKey(changed.name), Buffer.from(writeManifest(changed)));
}

/** Gives a stored backup a second name, as if it had been made at another time. */
export function ageBackup(store: ObjectStoreStandIn, name: string, old: string): void {
  for (const [key, content] of [...store.objects]) {
    if (key.startsWith(`${name}/`)) store.objects.set(key.replace(name, old), content);
  }
  rewriteManifest(store, name, (text) => text.replaceAll(name, old));
}
