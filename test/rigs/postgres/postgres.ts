import { execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { inject } from "vitest";
import { embeddedBinaries, freePort, unprivilegedUser } from "../../../cli/start/services";
import { findProgram, program } from "../programs";

export { freePort };

/** A PostgreSQL server on a loopback port of its own. */
export interface PostgresServer {
  readonly port: number;
  /** The connection string of one of its databases. */
  url(database: string): string;
  stop(): Promise<void>;
}

/** One database of a test's own. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** As the jobs read it: MERGE_HOST, MERGE_PORT, ... for the prefix MERGE. */
  environment(prefix: string): Record<string, string>;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Closes the test's own sessions, so that the database can be a template; the next query opens others. */
  disconnect(): Promise<void>;
  drop(): Promise<void>;
}

interface StartPostgresArgs {
  /** The embedded server of npm, or Debian's PostgreSQL 15. @default "embedded" */
  readonly release?: "embedded" | "debian";
  /** Further server settings, such as { wal_level: "replica" }. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A server whose log this one follows; both have `STREAMING` among their settings. */
  readonly standbyOf?: PostgresServer;
  /** Room for all databases together, on a disk of their own that can be full (which takes root). @default no limit */
  readonly diskMib?: number;
}

/** What a primary and its standby have in common. */
export const STREAMING = { wal_level: "replica", max_wal_senders: "5" };

export const PASSWORD = "postgres";

/** Nothing survives a test, so nothing needs to be safe on disk. */
const FAST: Record<string, string> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "4GB",
  shared_buffers: "256MB",
  max_connections: "300",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  log_min_messages: "fatal",
};

const START_LIMIT_MS = 60_000;

/** Starts a server; it ends with `stop`, or by itself as soon as this process has gone, however that came. */
export async function startPostgres(args: StartPostgresArgs = {}): Promise<PostgresServer> {
  const binaries = args.release === "debian" ? debianBinaries() : await embeddedBinaries();
  const owner = unprivilegedUser();
  const home = mkdtempSync(join(tmpdir(), "trellis-postgres-"));
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(home, owner.uid, owner.gid);
  chmodSync(home, 0o700);
  const cluster = join(home, "cluster");
  const passwordFile = join(home, "password");
  await run("/bin/sh", ["-c", `echo ${PASSWORD} > ${passwordFile}`], owner);
  const initdb = [
    "--username=postgres",
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--encoding=UTF8",
  ];
  if (args.standbyOf) {
    const from = `--dbname=${args.standbyOf.url("postgres")}`;
    const copying = ["-D", cluster, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", from];
    await run(program("pg_basebackup"), copying, owner);
  } else {
    await run(join(binaries, "initdb"), ["-D", cluster, "--locale=C.UTF-8", "--no-sync", ...initdb], owner);
  }

  const port = await freePort();
  const settings = Object.entries({ ...FAST, ...args.settings, port: String(port) });
  const log = join(home, "log");
  const words = ["-D", cluster, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const stdio = ["ignore", "ignore", openSync(log, "w")] as const;
  const server = args.diskMib
    ? spawn("/usr/bin/unshare", onDisk(args.diskMib, cluster, owner, join(binaries, "postgres"), words), {
        stdio: [...stdio],
        detached: true,
      })
    : spawn(join(binaries, "postgres"), words, { ...owner, stdio: [...stdio], detached: true });
  server.unref();
  const watchdog = watchOver(server.pid, home);

  const url = (database: string) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    if (server.exitCode !== null || Date.now() > deadline) {
      throw new Error(`PostgreSQL did not start: ${readFileSync(log, "utf8")}`);
    }
    if (await answers(url("postgres"))) break;
    await wait(50);
  }
  const ended = new Promise<void>((resolve) => watchdog.once("exit", () => resolve()));
  return {
    port,
    url,
    stop: async () => {
      watchdog.stdin.end();
      watchdog.ref();
      await ended;
    },
  };
}

/** The databases lie in a file system of the server's own mount namespace, which is gone when the server is. */
function onDisk(
  mib: number,
  cluster: string,
  { uid = 0, gid = 0 }: { uid?: number; gid?: number },
  postgres: string,
  words: readonly string[],
): string[] {
  const script =
    'cp -a "$1/base" "$1/base.kept" && mount -t tmpfs -o "size=$2m,uid=$3,gid=$4,mode=0700" tmpfs "$1/base" && ' +
    'cp -a "$1/base.kept/." "$1/base/" && uid=$3 gid=$4 && shift 4 && ' +
    'exec setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"';
  const given = [cluster, String(mib), String(uid), String(gid), postgres, ...words];
  return ["--mount", "/bin/sh", "-c", script, "sh", ...given];
}

/** The server that all test files of one vitest run share (see postgres-global.ts). */
export function sharedPostgres(): Pick<PostgresServer, "url" | "port"> {
  const port = inject("postgresPort");
  return { port, url: (database) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}` };
}

let created = 0;

/** Makes a database, empty or as a copy of `template`, in which nobody else works. */
export async function createDatabase(
  server: Pick<PostgresServer, "url" | "port">,
  args: { readonly template?: string; readonly label?: string } = {},
): Promise<TestDatabase> {
  const name = `${args.label ?? "test"}_${process.pid}_${++created}_${Date.now().toString(36)}`;
  // By default each page goes through the log, which takes three times the CPU: 40 ms in place of 13 here.
  await administer(
    server,
    `CREATE DATABASE ${name} TEMPLATE ${args.template ?? "template0"} STRATEGY FILE_COPY`,
  );
  const url = server.url(name);
  let pool: pg.Pool | undefined;
  const open = () => {
    if (pool) return pool;
    pool = new pg.Pool({ connectionString: url, max: 4 });
    return pool.on("error", () => undefined); // the database is dropped with force while sessions are open
  };
  const disconnect = async () => {
    await pool?.end();
    pool = undefined;
  };
  return {
    name,
    url,
    environment: (prefix) => ({
      [`${prefix}_HOST`]: "127.0.0.1",
      [`${prefix}_PORT`]: String(server.port),
      [`${prefix}_DATABASE`]: name,
      [`${prefix}_USER`]: "postgres",
      [`${prefix}_PASSWORD`]: PASSWORD,
    }),
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await open().query<Row>(sql, values)).rows,
    disconnect,
    drop: async () => {
      await disconnect();
      await administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function administer(server: Pick<PostgresServer, "url">, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * A shell that waits for the end of a pipe which only this process holds: when it ends, even by SIGKILL, the shell
 * stops the server, waits for it and removes its files.
 */
function watchOver(pid: number | undefined, home: string) {
  const script = `read -r _; kill -INT ${pid} 2>/dev/null; for i in $(seq 100); do kill -0 ${pid} 2>/dev/null || break; sleep 0.05; done; kill -KILL ${pid} 2>/dev/null; rm -rf '${home}'`;
  const watchdog = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watchdog.stdin.on("error", () => undefined);
  watchdog.unref();
  if ("unref" in watchdog.stdin && typeof watchdog.stdin.unref === "function") watchdog.stdin.unref();
  return watchdog;
}

function debianBinaries(): string {
  const path = findProgram("initdb");
  if (!path) throw new Error("Debian's postgresql-15 is not installed");
  return dirname(path);
}

async function run(file: string, args: string[], owner: { uid?: number; gid?: number }): Promise<void> {
  await promisify(execFile)(file, args, { ...owner, cwd: tmpdir() });
}
