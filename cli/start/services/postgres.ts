import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { UserError } from "../../../components/shared/user-error";
import type { ServerIdentity } from "./authority";
import { freePort } from "./free-port";
import type { Guardian } from "./guardian";
import { postgresHome } from "./postgres-home";
import { embeddedBinaries, type Owner, postgresPrograms, unprivilegedUser } from "./postgres-programs";

interface LocalPostgresArgs {
  /** The folder for the data, with a subfolder for each major version. */
  readonly folder: string;

  /** The password of the superuser `postgres`. */
  readonly password: string;

  readonly identity: ServerIdentity;

  readonly guardian: Guardian;

  /** The folder with initdb and postgres. @default those of the npm package */
  readonly binaries?: string;
}

/** A PostgreSQL server on loopback. Its data persists after it stops. */
export interface LocalPostgres {
  readonly port: number;
  readonly version: number;
  /** The password of the superuser `postgres`. */
  readonly password: string;
  /** The connection string of the superuser. */
  url(database: string): string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 120_000; // after a crash, PostgreSQL first replays its WAL
const STOP_LIMIT_MS = 60_000;
const PORTS_TO_TRY = 5;

/** Starts the server; the first time, it creates the data. The server ends with `stop`, or soon after this process. */
export async function openPostgres(args: LocalPostgresArgs): Promise<LocalPostgres> {
  const programs = await postgresPrograms(args.binaries ?? (await embeddedBinaries()));
  const version = programs.major;
  const owner = unprivilegedUser();
  const { folder, binaries } = await postgresHome(args.folder, programs, owner);
  const data = join(folder, String(version));
  if (!existsSync(join(data, "PG_VERSION"))) await create(binaries, data, args.password, owner);
  await endLeftover(data, args.password);
  const tls = writeIdentity(folder, args.identity, owner);
  const log = join(folder, `${version}.log`);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = serve(binaries, data, log, { ...tls, port: String(port) }, owner);
    const { pid } = server;
    if (pid !== undefined) args.guardian.watch(pid, "INT");
    const stop = () => end(server, args.guardian);
    const ready = await answering(server, port, args.password).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    if (ready) return { port, version, password: args.password, url: urlOf(port, args.password), stop };
    await stop();
    const said = readFileSync(log, "utf8").trim();
    if (attempt < PORTS_TO_TRY && /could not bind|Address already in use/.test(said)) continue; // the port was taken
    throw new UserError(`PostgreSQL does not start:\n${said.split("\n").slice(-8).join("\n")}`);
  }
}

const urlOf = (port: number, password: string) => (database: string) =>
  `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/** Creates the data in a temporary folder, so that an interrupted run leaves nothing that looks like data. */
async function create(binaries: string, data: string, password: string, owner: Owner): Promise<void> {
  const half = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(half, { recursive: true, force: true });
  writeOwned(passwordFile, password, owner);
  try {
    await promisify(execFile)(
      join(binaries, "initdb"),
      [
        ...["-D", half, "--locale=C.UTF-8", "--encoding=UTF8", "--username=postgres"],
        ...["--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"],
      ],
      { ...owner, cwd: "/" },
    );
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new UserError(`initdb failed: ${said}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(half, data);
}

function serve(
  binaries: string,
  data: string,
  log: string,
  settings: Readonly<Record<string, string>>,
  owner: Owner,
): ChildProcess {
  const output = openSync(log, "w");
  try {
    const options = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    return spawn(join(binaries, "postgres"), ["-D", data, ...options], {
      ...owner,
      cwd: "/",
      stdio: ["ignore", output, output],
      detached: true, // a Ctrl-C in the terminal must reach the jobs first
    });
  } finally {
    closeSync(output);
  }
}

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  ssl: "on",
  max_connections: "100",
  shared_buffers: "128MB",
  max_wal_size: "1GB",
  log_min_messages: "warning",
} as const;

async function answering(server: ChildProcess, port: number, password: string): Promise<boolean> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
    const answer = await ask(port, password);
    if (answer === "yes") return true;
    if (answer === "refused")
      throw new UserError(
        "the local PostgreSQL was created with another password than the plan has now; `npm run clean` removes it",
      );
    await wait(100);
  }
  return false;
}

async function ask(port: number, password: string): Promise<"yes" | "no" | "refused"> {
  const client = new pg.Client({ connectionString: urlOf(port, password)("postgres") });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return "yes";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "28P01" ? "refused" : "no";
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function end(server: ChildProcess, guardian: Guardian): Promise<void> {
  if (server.pid === undefined) return;
  if (server.exitCode === null && server.signalCode === null) {
    const ended = once(server, "exit");
    server.kill("SIGINT"); // a fast shutdown: rolls back open transactions and writes a checkpoint
    const timer = setTimeout(() => server.kill("SIGQUIT"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
  guardian.forget(server.pid);
}

/**
 * A killed run may leave a server that is still stopping. The server's file contains its PID and port. A process that
 * does not answer there like PostgreSQL is a different one that reuses the PID.
 */
async function endLeftover(data: string, password: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (existsSync(file)) {
    const [pid = Number.NaN, , , port = Number.NaN] = readFileSync(file, "utf8").split("\n").map(Number);
    if (!isAlive(pid)) return; // PostgreSQL detects this and replaces the file
    if (Date.now() > deadline)
      throw new UserError(`the PostgreSQL of an earlier run (process ${pid}) does not stop`);
    if ((await ask(port, password)) === "yes") process.kill(pid, "SIGINT");
    else if (!(await listens(port))) {
      await wait(500);
      if (existsSync(file) && readFileSync(file, "utf8").startsWith(`${pid}\n`) && !isServer(pid)) {
        rmSync(file, { force: true });
      }
    }
    await wait(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** If the process cannot be identified, returns true: the caller then waits for it. */
function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]?.endsWith("postgres") ?? true;
  } catch {
    return true;
  }
}

async function listens(port: number): Promise<boolean> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", password: "" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ECONNREFUSED");
  } finally {
    await client.end().catch(() => undefined);
  }
}

function writeIdentity(folder: string, { certificate, key }: ServerIdentity, owner: Owner) {
  const files = { ssl_cert_file: join(folder, "server.crt"), ssl_key_file: join(folder, "server.key") };
  writeOwned(files.ssl_cert_file, certificate, owner);
  writeOwned(files.ssl_key_file, key, owner);
  return files;
}

function writeOwned(path: string, content: string, { uid, gid }: Owner): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o600, flag: "wx" });
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
