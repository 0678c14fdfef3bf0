import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import type { PostgresServer } from "../test/rigs/postgres/postgres";

/**
 * Fills a database with rows like a CRM's: repeated names, numbers, times, and some incompressible values. Returns its
 * size in MiB.
 */
export async function fill(server: PostgresServer, rows: number): Promise<number> {
  await promisify(execFile)("psql", [server.url("postgres"), "-qc", "CREATE DATABASE crm"]);
  const client = new pg.Client({ connectionString: server.url("crm") });
  await client.connect();
  try {
    await client.query(`
      CREATE TABLE contacts AS SELECT n AS id, 'Customer ' || n % 50000 AS name, md5(n::text) || '@example.org' AS mail,
        timestamptz '2020-01-01' + n * interval '7 s' AS created, (n::bigint * 7919 % 100000) / 100.0 AS premium,
        repeat('called about the quote for home ' || n % 900 || ', ', 6) AS note, gen_random_uuid() AS token,
        jsonb_build_object('stage', n % 7, 'zip', 80000 + n % 9999, 'vehicles', n % 4) AS details
      FROM generate_series(1, ${rows}) n`);
    await client.query("ALTER TABLE contacts ADD PRIMARY KEY (id)");
    await client.query("CREATE INDEX ON contacts (mail)");
    await client.query("VACUUM ANALYZE contacts");
    const { rows: sizes } = await client.query<{ mib: number }>(
      "SELECT pg_database_size('crm')::float8 / 1048576 AS mib",
    );
    return sizes[0]?.mib ?? 0;
  } finally {
    await client.end();
  }
}
