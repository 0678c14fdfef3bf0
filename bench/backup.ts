import { execFile, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { unprivilegedUser } from "../cli/start/services/postgres-programs";
import { runJob } from "../test/rigs/jobs/run-job";
import { startMinio } from "../test/rigs/minio/minio";
import { PASSWORD, type PostgresServer, startPostgres } from "../test/rigs/postgres/postgres";
import { findProgram } from "../test/rigs/programs";
import { fill } from "./backup-database";

/**
 * Measures the speed of backup and restore and the size of backups, compared with the system that this one replaces
 * (`pg_dump | gzip`), with plain pg_dump, and with pgBackRest, which copies files. Our backups go to four MinIO servers
 * on this machine, and their times include the start of the job; the others write to disk. The methods take turns, so
 * that other load on the machine affects all of them.
 */
export default async function backup(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rows: { type: "string", default: "2000000" },
      runs: { type: "string", default: "3" },
      streams: { type: "string", default: "4" },
    },
  });
  const [rows, runs] = [Number(values.rows), Number(values.runs)];
  if (!(Number.isInteger(rows) && rows > 0 && Number.isInteger(runs) && runs > 0)) {
    throw new Error("usage: npm run bench -- backup [--rows <n>] [--runs <n>] [--streams <n>]");
  }
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-backup-"));
  const { uid, gid } = unprivilegedUser();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const [minio, server] = await Promise.all([startMinio(), startPostgres({ release: "debian" })]);
  try {
    const databaseMib = await fill(server, rows);
    console.log(`${rows.toLocaleString("en")} rows, ${databaseMib.toFixed(0)} MiB, ${runs} runs in turn\n`);
    const ways = [
      ...dumps(server, folder),
      ...ours(
        { ...minio.environment("BACKUP_S3"), ...environmentOf(server), BACKUP_STREAMS: values.streams },
        server,
      ),
      ...(await pgBackRest(server, folder)),
    ];
    const measured = new Map(ways.map(({ name }) => [name, [] as Measure[]]));
    for (let run = 0; run < runs; run++) {
      for (const { name, run: go } of ways) measured.get(name)?.push(await go());
    }
    tell(databaseMib, measured);
  } finally {
    await minio.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measure {
  readonly seconds: number;
  readonly storedMib?: number;
}

interface Way {
  readonly name: string;
  run(): Promise<Measure>;
}

const OLD = "pg_dump | gzip (the old way)";
const CREATE = "jobs backup create";
const RESTORE = "jobs backup restore";

function dumps(server: PostgresServer, folder: string): Way[] {
  const file = join(folder, "dump");
  const making = (name: string, command: string): Way => ({
    name,
    run: async () => {
      const seconds = await shell(server, `${command} > ${file}`);
      return { seconds, storedMib: statSync(file).size / 2 ** 20 };
    },
  });
  const again = "psql -qc 'DROP DATABASE IF EXISTS again' -c 'CREATE DATABASE again' postgres";
  return [
    making(OLD, "pg_dump crm | gzip"),
    {
      name: "gunzip | psql (the old way back)",
      run: async () => {
        await shell(server, again);
        return { seconds: await shell(server, `gunzip < ${file} | psql -q -o /dev/null again`) };
      },
    },
    making("pg_dump -Fc", "pg_dump -Fc crm"),
    {
      name: "pg_restore -j2",
      run: async () => {
        await shell(server, again);
        return { seconds: await shell(server, `pg_restore -j2 -d again ${file}`) };
      },
    },
    making("pg_dump -Fc -Z0 | zstd -3", "pg_dump -Fc -Z0 crm | zstd -3 -T0 -q -c"),
  ];
}

function ours(environment: Record<string, string>, server: PostgresServer): Way[] {
  const job = async (words: string) => {
    const began = performance.now();
    const run = await runJob(["backup", ...words.split(" ")], { environment });
    if (run.exitCode !== 0) throw new Error(run.stderr);
    return { seconds: (performance.now() - began) / 1000, printed: run.stdout };
  };
  return [
    {
      name: CREATE,
      run: async () => {
        const { seconds } = await job("create");
        const [{ bytes = 0 } = {}] = JSON.parse((await job("list --json")).printed) as { bytes?: number }[];
        return { seconds, storedMib: bytes / 2 ** 20 };
      },
    },
    { name: "jobs backup verify", run: () => job("verify").then(({ seconds }) => ({ seconds })) },
    {
      name: RESTORE,
      run: async () => {
        await shell(server, "psql -qc 'DROP DATABASE IF EXISTS again' postgres");
        return { seconds: (await job("restore --database crm --as again")).seconds };
      },
    },
  ];
}

/** pgBackRest copies the data files of all databases of the server as they are, without their WAL. */
async function pgBackRest(server: PostgresServer, folder: string): Promise<Way[]> {
  if (!findProgram("pgbackrest")) {
    console.log("(pgBackRest is not installed: its rows are left out)\n");
    return [];
  }
  const { stdout } = await promisify(execFile)("psql", [
    server.url("postgres"),
    "-Atc",
    "SHOW data_directory",
  ]);
  const [repository, copy] = [join(folder, "repository"), join(folder, "copy")];
  const common =
    `pgbackrest --stanza=bench --repo1-path=${repository} --lock-path=${folder}/lock --log-path=${folder} ` +
    "--log-level-console=error --log-level-stderr=off --log-level-file=off";
  const offline = `--no-online --pg1-path=${stdout.trim()}`;
  return [
    {
      name: "pgBackRest full (all files)",
      run: async () => {
        await shell(server, `rm -rf ${repository} && psql -qc CHECKPOINT postgres`);
        await shell(server, `${common} ${offline} stanza-create`, unprivilegedUser());
        const seconds = await shell(
          server,
          `${common} ${offline} --force --type=full --compress-type=zst --process-max=2 backup`,
          unprivilegedUser(),
        );
        const { stdout: size } = await promisify(execFile)("du", ["-sk", repository]);
        return { seconds, storedMib: Number.parseInt(size, 10) / 1024 };
      },
    },
    {
      name: "pgBackRest restore (all files)",
      run: async () => {
        await shell(server, `rm -rf ${copy} && mkdir -m 700 ${copy}`, unprivilegedUser());
        return {
          seconds: await shell(
            server,
            `${common} --pg1-path=${copy} --process-max=2 restore`,
            unprivilegedUser(),
          ),
        };
      },
    },
  ];
}

function tell(databaseMib: number, measured: ReadonlyMap<string, readonly Measure[]>): void {
  const secondsOf = (name: string) => median((measured.get(name) ?? []).map(({ seconds }) => seconds));
  console.log(
    "way".padEnd(34),
    "median s".padStart(9),
    "worst s".padStart(9),
    "MiB/s".padStart(9),
    "MiB".padStart(9),
  );
  for (const [name, measures] of measured) {
    const worst = Math.max(...measures.map(({ seconds }) => seconds));
    const stored = measures.at(-1)?.storedMib;
    console.log(
      name.padEnd(34),
      secondsOf(name).toFixed(1).padStart(9),
      worst.toFixed(1).padStart(9),
      (databaseMib / secondsOf(name)).toFixed(1).padStart(9),
      (stored?.toFixed(1) ?? "").padStart(9),
    );
  }
  const minutes = (name: string) => ((secondsOf(name) * ((100 * 1024) / databaseMib)) / 60).toFixed(1);
  console.log(`\ncreate is ${(secondsOf(OLD) / secondsOf(CREATE)).toFixed(1)} times as fast as the old way`);
  console.log(
    `at these rates 100 GiB are stored in ${minutes(CREATE)} and restored in ${minutes(RESTORE)} minutes`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const environmentOf = (server: PostgresServer) => ({
  BACKUP_SERVER_HOST: "127.0.0.1",
  BACKUP_SERVER_PORT: String(server.port),
  BACKUP_SERVER_PASSWORD: PASSWORD,
  BACKUP_DATABASES: "crm",
});

/** Returns the seconds that the command took. */
async function shell(
  server: PostgresServer,
  command: string,
  owner: { readonly uid?: number; readonly gid?: number } = {},
): Promise<number> {
  const began = performance.now();
  const child = spawn("/bin/bash", ["-o", "pipefail", "-c", command], {
    ...owner,
    cwd: tmpdir(),
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
