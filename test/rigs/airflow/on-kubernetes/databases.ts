import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createAuthority } from "../../pki/certificates";
import { PASSWORD, startPostgres } from "../../postgres/postgres";

/** The name by which pods know the server. */
export const SERVER = "postgres-primary.postgres.svc.cluster.local";
export const DATABASES = ["customer_db", "datasurface_merge", "airflow_db"] as const;
export const LOGIN = { user: "postgres", password: PASSWORD };

export interface PlatformDatabases {
  readonly port: number;
  /** In PEM. */
  readonly authority: string;
  query<Row extends pg.QueryResultRow>(database: string, sql: string): Promise<Row[]>;
  /** Does something while a transaction is open that has run a statement. */
  during<T>(database: string, sql: string, meanwhile: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** A PostgreSQL with the certificate that pods ask for, reachable at a further address of this machine. */
export async function startDatabases(address: string): Promise<PlatformDatabases> {
  const authority = createAuthority("a PostgreSQL of a test");
  const { cert, key } = authority.issue({ commonName: SERVER, names: [SERVER], usages: ["server"] });
  const folder = mkdtempSync(join(tmpdir(), "trellis-databases-"));
  const id = (what: string) => Number(execFileSync("id", [what, "postgres"], { encoding: "utf8" }));
  chownSync(folder, id("-u"), id("-g"));
  const file = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    chownSync(path, id("-u"), id("-g"));
    chmodSync(path, 0o600);
    return path;
  };
  const server = await startPostgres({
    release: "debian",
    settings: {
      listen_addresses: `127.0.0.1,${address}`,
      ssl: "on",
      ssl_cert_file: file("server.crt", cert),
      ssl_key_file: file("server.key", key),
      hba_file: file(
        "hba",
        "host all all 127.0.0.1/32 scram-sha-256\nhostssl all all 0.0.0.0/0 scram-sha-256\n",
      ),
    },
  });
  const pools = new Map<string, pg.Pool>();
  const poolOf = (database: string) => {
    const pool = pools.get(database) ?? new pg.Pool({ connectionString: server.url(database), max: 4 });
    pool.removeAllListeners("error").on("error", () => undefined);
    pools.set(database, pool);
    return pool;
  };
  const databases: PlatformDatabases = {
    port: server.port,
    authority: authority.cert,
    query: async <Row extends pg.QueryResultRow>(database: string, sql: string) =>
      (await poolOf(database).query<Row>(sql)).rows,
    during: async (database, sql, meanwhile) => {
      const session = await poolOf(database).connect();
      try {
        await session.query("BEGIN");
        await session.query(sql);
        return await meanwhile();
      } finally {
        session.release(true); // closed, and with it all that it held
      }
    },
    stop: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const database of DATABASES) await databases.query("postgres", `CREATE DATABASE ${database}`);
  return databases;
}
