import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import pg from "pg";
import { runJob } from "../test/support/jobs/run-job";
import { startMinio } from "../test/support/minio";
import { PASSWORD, type PostgresServer, startPostgres } from "../test/support/postgres";

/**
 * How fast a database is backed up and restored, and what it takes in storage, beside the ways of the system that
 * this one replaces (`pg_dump | gzip`) and of pg_dump alone. Ours goes to four MinIO servers on this same machine,
 * startup of the job included; the others write one file to the disk.
 */
export default async function backup(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { rows: { type: "string", default: "1000000" } } });
  const rows = Number(values.rows);
  if (!Number.isInteger(rows) || rows < 1) throw new Error("usage: npm run bench -- backup [--rows <n>]");
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-backup-"));
  const [minio, server] = await Promise.all([startMinio(), startPostgres({ release: "debian" })]);
  try {
    const databaseMib = await fill(server, rows);
    console.log(`${rows.toLocaleString("en")} rows, ${databaseMib.toFixed(0)} MiB\n`);
    console.log("way".padEnd(34), "seconds".padStart(9), "MiB/s".padStart(9), "stored MiB".padStart(12));
    const tell = (name: string, seconds: number, storedMib?: number) => {
      const columns = [seconds.toFixed(1).padStart(9), (databaseMib / seconds).toFixed(1).padStart(9)];
      console.log(name.padEnd(34), ...columns, (storedMib?.toFixed(1) ?? "").padStart(12));
    };

    for (const [name, command] of Object.entries(OTHERS)) {
      const file = join(folder, "dump");
      tell(name, await shell(server, `${command} > ${file}`), statSync(file).size / 2 ** 20);
    }
    const environment = {
      ...minio.environment("BACKUP_S3"),
      BACKUP_SERVER_HOST: "127.0.0.1",
      BACKUP_SERVER_PORT: String(server.port),
      BACKUP_SERVER_PASSWORD: PASSWORD,
      BACKUP_DATABASES: "crm",
    };
    const job = async (words: string) => {
      const began = performance.now();
      const run = await runJob(["backup", ...words.split(" ")], { environment });
      if (run.exitCode !== 0) throw new Error(run.stderr);
      return { seconds: (performance.now() - began) / 1000, printed: run.stdout };
    };
    const created = await job("create");
    const [{ bytes = 0 } = {}] = JSON.parse((await job("list --json")).printed) as { bytes?: number }[];
    tell("jobs backup create", created.seconds, bytes / 2 ** 20);
    tell("jobs backup verify", (await job("verify")).seconds);
    const restore = await job("restore --database crm --as crm_again");
    tell("jobs backup restore", restore.seconds);
    const hours = (restore.seconds * ((100 * 1024) / databaseMib)) / 3600;
    console.log(`\nat that rate 100 GiB are restored in ${hours.toFixed(1)} hours`);
  } finally {
    await minio.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const OTHERS = {
  "pg_dump | gzip (the old way)": "pg_dump crm | gzip",
  "pg_dump -Fc": "pg_dump -Fc crm",
  "pg_dump -Fc -Z1": "pg_dump -Fc -Z1 crm",
  "pg_dump -Fc -Z0 | zstd -1": "pg_dump -Fc -Z0 crm | zstd -1 -T0 -q -c",
  "pg_dump -Fc -Z0 | zstd -3": "pg_dump -Fc -Z0 crm | zstd -3 -T0 -q -c",
};

/** Rows as a CRM has them: names that repeat, numbers, times, and some that nothing compresses. */
async function fill(server: PostgresServer, rows: number): Promise<number> {
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

async function shell(server: PostgresServer, command: string): Promise<number> {
  const began = performance.now();
  const child = spawn("/bin/bash", ["-o", "pipefail", "-c", command], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PGHOST: "127.0.0.1",
      PGPORT: String(server.port),
      PGUSER: "postgres",
      PGPASSWORD: PASSWORD,
    },
  });
  const code = await new Promise((ended) => child.once("close", ended));
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return (performance.now() - began) / 1000;
}
