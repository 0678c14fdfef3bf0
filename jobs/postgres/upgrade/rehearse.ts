import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  listProblems,
  withDatabase,
  withLibpq,
} from "../../shared";
import { initialize, pgUpgrade } from "./pg-upgrade";
import { APPLICATION, type Release, runProgram } from "./programs";
import { askScratch, withScratchServer } from "./scratch";

interface RehearseArgs {
  readonly leader: DatabaseAddress;
  readonly old: Release;
  readonly new: Release;
}

/** What the running cluster has, and what a new one must have too. */
interface Inventory {
  readonly roles: readonly string[];
  readonly databases: readonly { readonly name: string; readonly bytes: number }[];
  /** By database: the names of its extensions. */
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  readonly preload: string;
}

/**
 * Tries the upgrade without the rows: roles, databases, extensions and tables of the running cluster go into a scratch
 * server of the old release, which pg_upgrade checks and moves to the new one. Nothing of the running cluster changes, and
 * clients notice nothing.
 */
export async function rehearse(
  args: RehearseArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<string> {
  const { leader, old, new: next } = args;
  const inventory = await takeInventory(args, signal);
  const folder = await mkdtemp(join(tmpdir(), "trellis-upgrade-"));
  const data = { old: join(folder, "old"), new: join(folder, "new") };
  const { preload } = inventory;
  try {
    const dump = await dumpSchema(old, leader, folder, signal);
    await initialize(old, data.old, { checksums: true, segmentMib: 16 }, signal);
    log.info(`a scratch server of PostgreSQL ${old.major} gets the tables without their rows`);
    await withScratchServer(
      { release: old, data: data.old, sockets: folder, preload, signal },
      async ({ host, port }) => {
        const words = [
          "--host",
          host,
          "--port",
          String(port),
          "--username",
          "postgres",
          "--dbname",
          "postgres",
        ];
        const how = [
          "--no-psqlrc",
          "--quiet",
          "--set",
          "ON_ERROR_STOP=1",
          "--output",
          "/dev/null",
          "--file",
          dump,
        ];
        await runProgram(old, "psql", [...words, ...how], { cwd: folder, signal });
      },
    );
    await initialize(next, data.new, { checksums: true, segmentMib: 16 }, signal);
    const upgrade = {
      old: { release: old, data: data.old },
      new: { release: next, data: data.new },
      // A schema with thousands of tables is restored in few transactions.
      parameters: { shared_preload_libraries: preload, max_locks_per_transaction: "1024" },
      ...{ transfer: "copy" as const, work: join(folder, "work"), log, signal },
    };
    await pgUpgrade(upgrade, { check: true });
    await pgUpgrade(upgrade, { check: false });
    log.info(`a scratch server of PostgreSQL ${next.major} shows what came over`);
    const lost = await withScratchServer(
      { release: next, data: data.new, sockets: folder, preload, signal },
      (server) => missing(inventory, server),
    );
    if (lost.length > 0) {
      throw new JobError(listProblems(`PostgreSQL ${next.major} would lack what the cluster has`, lost));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const bytes = inventory.databases.reduce((sum, database) => sum + database.bytes, 0);
  return (
    `PostgreSQL ${old.major} can become ${next.major}: ${inventory.databases.length} databases, ${inventory.roles.length} roles and ` +
    `${[...inventory.extensions.values()].flat().length} extensions came over. The copy needs ${(bytes / 2 ** 30).toFixed(1)} GiB on the volume of the leader`
  );
}

async function takeInventory(
  { leader, old, new: next }: RehearseArgs,
  signal: AbortSignal,
): Promise<Inventory> {
  const session = { purpose: "the leader of PostgreSQL", applicationName: APPLICATION, signal };
  const facts = await withDatabase(leader, session, async (database) => {
    const major = Math.floor(
      Number(await one(database, "SELECT current_setting('server_version_num')")) / 10_000,
    );
    if (major !== old.major) {
      throw new JobError(
        `the leader is of PostgreSQL ${major}, and the upgrade goes from ${old.major} to ${next.major}`,
      );
    }
    const prepared = await one(database, "SELECT count(*) FROM pg_prepared_xacts");
    if (prepared !== "0") {
      throw new JobError(
        `${prepared} prepared transactions are open; commit them or roll them back (pg_prepared_xacts)`,
      );
    }
    return {
      preload: await one(database, "SELECT current_setting('shared_preload_libraries')"),
      roles: await column(database, ROLES),
      databases: (
        await database.query<{ name: string; bytes: string }>(
          "SELECT datname AS name, pg_database_size(oid) AS bytes FROM pg_database WHERE datallowconn AND NOT datistemplate",
        )
      ).rows.map(({ name, bytes }) => ({ name, bytes: Number(bytes) })),
    };
  });
  const extensions = new Map<string, readonly string[]>();
  for (const { name } of facts.databases) {
    extensions.set(
      name,
      await withDatabase({ ...leader, database: name }, session, (database) => column(database, EXTENSIONS)),
    );
  }
  return { ...facts, extensions };
}

const ROLES = "SELECT rolname AS value FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";
const EXTENSIONS = "SELECT extname AS value FROM pg_extension ORDER BY 1";

async function column(database: Pick<Database, "query">, sql: string): Promise<string[]> {
  return (await database.query<{ value: string }>(sql)).rows.map(({ value }) => value);
}

async function one(database: Pick<Database, "query">, sql: string): Promise<string> {
  const { rows } = await database.query<Record<string, unknown>>(sql);
  return String(Object.values(rows[0] ?? {})[0] ?? "");
}

/** Everything but rows, as the old release's own programs write it. */
async function dumpSchema(
  old: Release,
  leader: DatabaseAddress,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const file = join(folder, "schema.sql");
  const words = ["--schema-only", "--no-tablespaces", "--file", file];
  await withLibpq(leader, APPLICATION, (environment) =>
    runProgram(old, "pg_dumpall", words, { cwd: folder, signal, environment }),
  );
  // initdb makes this role itself.
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/^CREATE ROLE postgres;$/m, ""), { mode: 0o600 });
  return file;
}

/** What the upgraded scratch server lacks. An extension needs its files there too, or nobody can update it. */
async function missing(
  { roles, databases, extensions }: Inventory,
  server: { readonly host: string; readonly port: number },
): Promise<string[]> {
  const values = async (database: string, sql: string) =>
    (await askScratch<{ value: string }>(server, database, sql)).map(({ value }) => value);
  const hasRoles = new Set(await values("postgres", ROLES));
  const hasDatabases = new Set(await values("postgres", "SELECT datname AS value FROM pg_database"));
  const lost = [
    ...roles.filter((name) => !hasRoles.has(name)).map((name) => `the role ${name}`),
    ...databases.filter(({ name }) => !hasDatabases.has(name)).map(({ name }) => `the database ${name}`),
  ];
  for (const [database, wanted] of extensions) {
    const has = new Set(await values(database, AVAILABLE_EXTENSIONS));
    lost.push(
      ...wanted.filter((name) => !has.has(name)).map((name) => `the extension ${name} of ${database}`),
    );
  }
  return lost;
}

const AVAILABLE_EXTENSIONS =
  "SELECT extname AS value FROM pg_extension JOIN pg_available_extensions ON name = extname";
