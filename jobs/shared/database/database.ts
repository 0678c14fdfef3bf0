import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { checkServerIdentity } from "node:tls";
import pg from "pg";
import { JobError, reason } from "../command-line";
import { onceLetIn } from "../kubernetes";
import type { DatabaseAddress } from "./database-setting";
import { traceStatements } from "./traced";

export type Database = pg.Client;

/**
 * Every session fixes the settings that change the text of a value or hide rows, whatever a server, database or role
 * sets. So COPY means the same on both sides, and row security can only raise an error, never omit rows.
 */
const SESSION = `
  SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
  SET extra_float_digits = 1; SET bytea_output = 'hex'; SET xmlbinary = 'base64'; SET xmloption = 'content';
  SET standard_conforming_strings = on; SET row_security = off; SET statement_timeout = 0;
  SET idle_in_transaction_session_timeout = 0; SET default_transaction_isolation = 'read committed';
  SET default_transaction_read_only = off; SET default_transaction_deferrable = off`;

const CONNECT_TIMEOUT_MS = 15_000;

/** pg passes it to the server; its types do not include it. */
const REPLICATION: object = { replication: "database" };

interface OpenDatabaseArgs {
  /** The database's purpose, for messages: "the source database". */
  readonly purpose: string;
  /** Shown in pg_stat_activity to the server's administrators. */
  readonly applicationName: string;
  /** Cuts the session when it is aborted; the server then rolls back the open transaction. */
  readonly signal?: AbortSignal;
  /** Whether the session also takes the commands of replication, such as CREATE_REPLICATION_SLOT. @default false */
  readonly replication?: boolean;
  /** Whether this is PgBouncer's admin console, which has no settings. @default false */
  readonly isConsole?: boolean;
}

/** Opens one session, which the caller must end. An error on an idle session is reported by its next statement. */
export async function openDatabase(address: DatabaseAddress, args: OpenDatabaseArgs): Promise<Database> {
  args.signal?.throwIfAborted();
  const database = await connect(address, args);
  cutWhenAborted(database, args.signal);
  if (args.isConsole) return database;
  traceStatements(database, {
    ...{ "db.system.name": "postgresql", "db.namespace": address.database },
    ...{ "server.address": address.host, "server.port": address.port },
  });
  try {
    await database.query(SESSION);
    // A statement whose client was killed ends within seconds instead of running to its end.
    await database.query("SET client_connection_check_interval = '2s'").catch(() => undefined);
  } catch (error) {
    await database.end().catch(() => undefined);
    throw error;
  }
  return database;
}

/** Opens a session while the work runs, and ends it whatever happens. */
export async function withDatabase<T>(
  address: DatabaseAddress,
  args: OpenDatabaseArgs,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(address, args);
  try {
    return await work(database);
  } finally {
    await database.end().catch(() => undefined);
  }
}

/** Runs statements in one transaction: committed when `work` returns, rolled back when it throws. */
export async function transaction<T>(database: Database, begin: string, work: () => Promise<T>): Promise<T> {
  await database.query(begin);
  try {
    const answer = await work();
    await database.query("COMMIT");
    return answer;
  } catch (error) {
    await database.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Quotes any text as an SQL identifier. */
export const quoteIdentifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Quotes any text as an SQL literal. */
export const quoteLiteral = (value: string) => pg.escapeLiteral(value);

/** PostgreSQL's five-character error code (SQLSTATE); undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

function cutWhenAborted(database: Database, signal: AbortSignal | undefined): void {
  if (!signal) return;
  // Without an answer from the server, `end` would wait for the statement that the abort should interrupt.
  const cut = () => socketOf(database)?.destroy();
  signal.addEventListener("abort", cut, { once: true });
  database.once("end", () => signal.removeEventListener("abort", cut));
}

/** Safe: pg makes its connection in the constructor, with the socket in `stream`; its types do not include them. */
const withConnection = (database: Database) =>
  database as unknown as { connection: EventEmitter & { stream?: Socket } };

const socketOf = (database: Database) => withConnection(database).connection.stream;

async function connect(address: DatabaseAddress, args: OpenDatabaseArgs): Promise<Database> {
  try {
    return await onceLetIn(() => attempt(address, args, address.sslmode !== "disable"), args.signal);
  } catch (error) {
    const refusedEncryption = error instanceof Error && error.message.includes("does not support SSL");
    if (address.sslmode === "prefer" && refusedEncryption) {
      return await attempt(address, args, false).catch((second: unknown) => refuse(address, args, second));
    }
    return refuse(address, args, error);
  }
}

async function attempt(
  address: DatabaseAddress,
  args: OpenDatabaseArgs,
  encrypted: boolean,
): Promise<Database> {
  let disclosure: string | undefined;
  const database = new pg.Client({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    // pg asks for it when the server does, by which time `refuseToDisclose` knows in which form.
    password: () => {
      if (disclosure !== undefined) throw new JobError(disclosure);
      return address.password ?? "";
    },
    ssl: encrypted ? encryption(address) : false,
    application_name: args.applicationName,
    ...(args.replication && REPLICATION),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000, // detects within minutes, not hours, that a server has disappeared silently
  });
  refuseToDisclose(database, encrypted && VERIFIED.includes(address.sslmode), (why) => {
    disclosure = why;
  });
  // Without a listener, the loss of an idle session would end the process; the next statement reports it instead.
  database.on("error", () => undefined);
  try {
    await database.connect();
    return database;
  } catch (error) {
    await database.end().catch(() => undefined);
    throw error;
  }
}

const VERIFIED: readonly string[] = ["verify-ca", "verify-full"];

/**
 * Whoever answers can ask for the password in clear or as an MD5 digest, which is as good as the password. SCRAM, which
 * every supported PostgreSQL has, proves the password without disclosing it.
 */
function refuseToDisclose(database: Database, verified: boolean, refuse: (why: string) => void): void {
  const remedy = "the server must use scram-sha-256 (pg_hba.conf), and nothing was sent to it";
  const { connection } = withConnection(database);
  // Before pg's own listeners, which it adds when it connects.
  connection.on("authenticationMD5Password", () =>
    refuse(`the server asks for the password as an MD5 digest; ${remedy}`),
  );
  connection.on("authenticationCleartextPassword", () => {
    if (verified) return;
    refuse(`the server asks for the password in clear and its certificate was not verified; ${remedy}`);
  });
}

function encryption({ sslmode, certificateAuthority }: DatabaseAddress) {
  const ca = certificateAuthority === undefined ? {} : { ca: certificateAuthority };
  if (sslmode === "verify-full") return { ...ca, rejectUnauthorized: true, checkServerIdentity };
  if (sslmode === "verify-ca")
    return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}

function refuse(
  { host, port, database, user }: DatabaseAddress,
  { purpose }: OpenDatabaseArgs,
  error: unknown,
): never {
  const where = `${purpose} ${database} at ${host}:${port} (user ${user})`;
  throw new JobError(`${where} cannot be opened: ${reason(error)}`, 1, { cause: error });
}
