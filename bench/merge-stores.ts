import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { bundleJobs } from "../jobs/bundle";
import { ecosystemOf, type PlatformName, writeModel } from "../test/rigs/datasurface/datasurface";
import { createDatabase, type PostgresServer, type TestDatabase } from "../test/rigs/postgres/postgres";

/** Settings of a production server: all data safe on disk, and ready for replication. */
export const SERVER_SETTINGS = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  wal_level: "replica",
  max_wal_senders: "4",
  shared_buffers: "1GB",
  max_connections: "500",
};

export interface Shape {
  /** The number of rows in the table. */
  readonly rows: number;
  /** The number of columns, with the key. */
  readonly columns: number;
}

export interface ChangesPerThousand {
  readonly updated: number;
  readonly deleted: number;
  readonly inserted: number;
}

const KINDS = [
  { type: "varchar(100)", value: "'name ' || md5(n::text)" },
  { type: "varchar(100)", value: "'city ' || n % 1000" },
  { type: "numeric(12,2)", value: "(n * 7 % 100000) / 100.0" },
  { type: "date", value: "date '1950-01-01' + (n % 20000)::int" },
  { type: "timestamp", value: "timestamp '2024-01-01' + n * interval '1 second'" },
] as const;

const columnsOf = ({ columns }: Shape) =>
  Array.from({ length: columns - 1 }, (_, index) => ({
    name: `c${index}`,
    ...(KINDS[index % KINDS.length] ?? KINDS[0]),
  }));

/** A source with one table, a merge database, and the model that connects them. */
export interface Stores {
  readonly source: TestDatabase;
  readonly merge: TestDatabase;
  readonly model: string;
  change(changes: ChangesPerThousand): Promise<void>;
  /** Seconds to copy the table into another database, without a merge. */
  copyThrough(format: "text" | "binary", into: "unlogged" | "keyed"): Promise<number>;
  /** Seconds of the join that every exact method needs: staged rows with merged rows. */
  findChanges(): Promise<number>;
  close(): Promise<void>;
}

export const tableOf = (shape: Shape, name: string) =>
  `CREATE TABLE ${name} (id bigint NOT NULL, ${columnsOf(shape)
    .map(({ name, type }) => `${name} ${type}`)
    .join(", ")})`;

export const fillOf = (shape: Shape, name: string) =>
  `INSERT INTO ${name} SELECT n, ${columnsOf(shape)
    .map(({ value }) => value)
    .join(", ")}
   FROM generate_series(1, ${shape.rows}) AS n; ALTER TABLE ${name} ADD PRIMARY KEY (id)`;

/** Updates, deletes and inserts the same rows in every run. */
export const changesOf = (
  shape: Shape,
  table: string,
  { updated, deleted, inserted }: ChangesPerThousand,
) => {
  const names = columnsOf(shape).map(({ name }) => name);
  return `
    UPDATE ${table} SET c0 = c0 || '!' WHERE id % 1000 < ${updated};
    INSERT INTO ${table} SELECT id + 1000000000, ${names.join(", ")} FROM ${table}
      WHERE id % 1000 >= 500 AND id % 1000 < ${500 + inserted};
    DELETE FROM ${table} WHERE id < 1000000000 AND id % 1000 >= 900 AND id % 1000 < ${900 + deleted}`;
};

export async function openStores(server: PostgresServer, shape: Shape): Promise<Stores> {
  const source = await createDatabase(server, { label: "source" });
  const merge = await createDatabase(server, { label: "merge" });
  await source.query(tableOf(shape, "t"));
  await source.query(fillOf(shape, "t"));
  await source.query("VACUUM ANALYZE t");
  const columns = columnsOf(shape);
  const keyed = [
    { name: "id", type: "bigint", key: true },
    ...columns.map(({ name, type }) => ({ name, type })),
  ];
  const model = writeModel(ecosystemOf({ Store1: { datasets: { t: keyed } } }, { keep: 0 }));
  const settle = async () => {
    await source.query("VACUUM ANALYZE t");
    await merge.query("CHECKPOINT");
  };

  return {
    source,
    merge,
    model,
    change: async (changes) => {
      await source.query(changesOf(shape, "t", changes));
      await settle();
    },
    copyThrough: async (format, into) => {
      await merge.query("DROP TABLE IF EXISTS copied");
      await merge.query(
        tableOf(shape, "copied").replace("CREATE", into === "unlogged" ? "CREATE UNLOGGED" : "CREATE"),
      );
      await settle();
      return timed(async () => {
        await copy(source, merge, format);
        if (into === "keyed") await merge.query("ALTER TABLE copied ADD PRIMARY KEY (id)");
      });
    },
    findChanges: async () => {
      await merge.query("DROP TABLE IF EXISTS copied");
      await merge.query(tableOf(shape, "copied").replace("CREATE", "CREATE UNLOGGED"));
      await copy(source, merge, "binary");
      const same = columns.map(({ name }) => `s.${name} IS NOT DISTINCT FROM m.${name}`).join(" AND ");
      return timed(() =>
        merge.query(`SET work_mem = '128MB'; CREATE TEMPORARY TABLE found AS
          SELECT s.ctid AS s, m.ctid AS m FROM copied AS s FULL JOIN yellowlive_store1_t_merge AS m ON s.id = m.id
          WHERE s.id IS NULL OR m.id IS NULL OR NOT (${same}); DROP TABLE found`),
      );
    },
    close: async () => {
      await source.drop();
      await merge.drop();
    },
  };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function copy(source: TestDatabase, merge: TestDatabase, format: "text" | "binary"): Promise<void> {
  const [from, into] = [source, merge].map(({ url }) => new pg.Client({ connectionString: url }));
  if (!from || !into) throw new Error("two databases were given");
  await Promise.all([from.connect(), into.connect()]);
  try {
    const reading = from.query(copyTo(`COPY t TO STDOUT (FORMAT ${format})`));
    await pipeline(reading, into.query(copyFrom(`COPY copied FROM STDIN (FORMAT ${format})`)));
  } finally {
    await Promise.all([from.end(), into.end()]);
  }
}

export interface Measured {
  /** Seconds of the whole command, including Node's start. */
  readonly whole: number;
  /** Seconds of the copy into staging, from the job's log. */
  readonly staging: number;
  /** Seconds of the merge, including its commit. */
  readonly merging: number;
  /** The peak memory of the worker process. */
  readonly peakMiB: number;
}

/** Runs `jobs datasurface ingest` once, bundled as in the image. */
export async function ingestOnce(stores: Stores, platform: PlatformName): Promise<Measured> {
  const cli = await bundled();
  await stores.merge.query("CHECKPOINT");
  const words = [
    "datasurface",
    "ingest",
    "--platform",
    platform,
    "--store",
    "Store1",
    "--model",
    stores.model,
  ];
  const started = performance.now();
  const job = spawn(process.execPath, [cli, ...words], {
    env: { ...process.env, SOURCE_URL: stores.source.url, MERGE_URL: stores.merge.url, LOG_FORMAT: "json" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  job.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, ...childrenOf(job.pid).map(peakOf));
  }, 50);
  const exitCode = await new Promise((done) => job.on("close", done));
  clearInterval(watch);
  const whole = (performance.now() - started) / 1000;
  if (exitCode !== 0) throw new Error(`the ingestion failed: ${log}`);
  const spent = (pattern: RegExp) =>
    log
      .split("\n")
      .filter((line) => pattern.test(line))
      .reduce((sum, line) => sum + Number((JSON.parse(line) as { seconds?: number }).seconds ?? 0), 0);
  return { whole, staging: spent(/"msg":"(staged|read) /), merging: spent(/"msg":"committed/), peakMiB };
}

let bundle: Promise<string> | undefined;

/** The bundled jobs: built once for all runs, and removed when the process ends. */
function bundled(): Promise<string> {
  if (!bundle) {
    const folder = mkdtempSync(join(tmpdir(), "trellis-bundle-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    bundle = bundleJobs(folder);
  }
  return bundle;
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export const seconds = (value: number) => value.toFixed(2);
