import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startLogicalPostgres } from "../test/rigs/datasurface/changes";
import { modelOf, UNGUARDED, World } from "../test/rigs/datasurface/datasurface";
import type { PostgresServer } from "../test/rigs/postgres/postgres";
import { findProgram } from "../test/rigs/programs";

const USAGE =
  "npm run bench -- changes [--rows 1000000] [--seconds 20]   the stream of changes beside snapshots";

const COLUMNS = [
  { name: "id", type: "bigint", key: true },
  { name: "name", type: "text" },
  { name: "amount", type: "numeric(12,2)" },
  { name: "at", type: "timestamptz" },
];

/** Store1 follows the changes, Store2 reads snapshots, of one table. */
const MODEL = modelOf({
  Store1: { datasets: { things: COLUMNS }, kind: "sql_changes", deletions: UNGUARDED },
  Store2: { datasets: { things: COLUMNS }, deletions: UNGUARDED },
});

/** Compares the two captures on one server, and finds how far the stream is behind a source that changes all the time. */
export default async function changes(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rows: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "20" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const rows = Number(values.rows);
  const server = await startLogicalPostgres({ max_wal_size: "8GB" });
  const world = await World.open(MODEL, server);
  try {
    await world.source.query(`CREATE TABLE things (id bigint PRIMARY KEY, name text, amount numeric(12,2), at timestamptz);
      INSERT INTO things SELECT n, md5(n::text), n % 100000 / 100.0, now() FROM generate_series(1, ${rows}) AS n`);
    console.log(
      `${rows.toLocaleString("en")} rows of 4 columns, YellowForensic; seconds by changes, by snapshot`,
    );
    await both(world, "first load");
    for (const [label, share] of [
      ["nothing changed", 0],
      ["0.01% updated", 0.0001],
      ["1% updated", 0.01],
      ["20% updated", 0.2],
    ] as const) {
      const count = Math.round(rows * share);
      await world.source.query(`UPDATE things SET amount = amount + 1 WHERE id <= ${count}`);
      await both(world, label);
    }
    await throughput(world, server, Math.min(rows, 400_000));
    await lag(world, Number(values.seconds));
  } finally {
    for (const { name } of await world.source.query<{ name: string }>(
      "SELECT slot_name AS name FROM pg_replication_slots",
    ))
      await world.source.query("SELECT pg_drop_replication_slot($1)", [name]);
    await world.close();
    await server.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<{ seconds: number; cpu: number }> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

async function both(world: World, label: string): Promise<void> {
  const stream = await timed(() => world.ingest("YellowForensic", "Store1"));
  const snapshot = await timed(() => world.ingest("YellowForensic", "Store2"));
  const told = ({ seconds, cpu }: { seconds: number; cpu: number }) =>
    `${seconds.toFixed(2).padStart(8)} (job's processor ${cpu.toFixed(2)})`;
  console.log(`  ${label.padEnd(16)} ${told(stream)} ${told(snapshot)}`);
}

/** Rows a second from the log to the commit, beside pg_recvlogical, which writes the same changes to a file. */
async function throughput(world: World, server: PostgresServer, count: number): Promise<void> {
  const recvlogical = findProgram("pg_recvlogical");
  const slot = "bench_recvlogical";
  if (recvlogical)
    await world.source.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  await world.source.query(`UPDATE things SET name = md5(name) WHERE id <= ${count}`);
  const [held] = await world.source.query<{ bytes: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), min(restart_lsn))::bigint::text AS bytes FROM pg_replication_slots",
  );
  const ours = await timed(() => world.ingest("YellowForensic", "Store1"));
  const rate = (seconds: number) => Math.round(count / seconds).toLocaleString("en");
  console.log(
    `\n${count.toLocaleString("en")} updates in one transaction, ${Math.round(Number(held?.bytes) / 2 ** 20)} MiB of log held`,
  );
  console.log(`  ${rate(ours.seconds)} rows a second, read, applied with history and committed`);
  if (!recvlogical) return console.log("  pg_recvlogical is not installed");
  const file = join(tmpdir(), `trellis-bench-${process.pid}`);
  const [{ end = "" } = {}] = await world.source.query<{ end: string }>(
    "SELECT pg_current_wal_flush_lsn()::text AS end",
  );
  const theirs = await timed(async () => {
    const words = ["-d", server.url(world.source.name), "-S", slot, "--start", "-f", file, "--endpos", end];
    const options = ["-o", "proto_version=1", "-o", "publication_names=trellis_store1"];
    const child = spawn(recvlogical, [...words, ...options], { stdio: ["ignore", "ignore", "inherit"] });
    await once(child, "exit");
  });
  console.log(
    `  ${rate(theirs.seconds)} rows a second by pg_recvlogical to a file of ${Math.round(statSync(file).size / 2 ** 20)} MiB`,
  );
  unlinkSync(file);
}

/** Changes of one row a millisecond; each batch begins when the one before has ended. */
async function lag(world: World, seconds: number): Promise<void> {
  let running = true;
  let made = 0;
  const writing = (async () => {
    const started = performance.now();
    while (running) {
      const due = Math.floor(performance.now() - started) - made;
      if (due > 0)
        await world.source.query("UPDATE things SET at = clock_timestamp() WHERE id > $1 AND id <= $2", [
          made % 100_000,
          (made % 100_000) + due,
        ]);
      made += Math.max(0, due);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const lags: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await world.ingest("YellowForensic", "Store1");
    const rows = await world.merge.query<{ lag: number }>(
      `SELECT extract(epoch FROM m.batch_end_time - t.at AT TIME ZONE 'UTC')::float8 AS lag
       FROM yellowforensic_store1_things_merge AS t JOIN yellowforensic_batch_metrics AS m ON m.key = 'Store1' AND m.batch_id = t.ds_surf_batch_in
       WHERE m.batch_id = (SELECT max(batch_id) FROM yellowforensic_batch_metrics WHERE key = 'Store1')`,
    );
    lags.push(...rows.map((row) => row.lag));
  }
  running = false;
  await writing;
  lags.sort((a, b) => a - b);
  const at = (share: number) => (lags[Math.floor(lags.length * share)] ?? Number.NaN).toFixed(2);
  console.log(
    `\n${Math.round(made / seconds)} changes a second for ${seconds} s: from the change to the commit, seconds`,
  );
  console.log(`  median ${at(0.5)}, p99 ${at(0.99)}`);
}
