import { rmSync } from "node:fs";
import { ingest } from "../jobs/datasurface/ingest/ingest";
import { modelOf, World } from "../test/rigs/datasurface/datasurface";
import type { PostgresServer } from "../test/rigs/postgres/postgres";
import {
  type ChangesPerThousand,
  fillOf,
  ingestOnce,
  openStores,
  type Shape,
  seconds,
  tableOf,
  timed,
} from "./merge-stores";

const USUAL: ChangesPerThousand = { updated: 10, deleted: 5, inserted: 5 };

/** Measures how time and memory grow with rows, columns, the share of changed rows, and concurrent streams. */
export async function growth(server: PostgresServer, mostRows: number): Promise<void> {
  console.log("rows (6 columns, 2% changed): seconds of the whole command, peak memory");
  for (let rows = 10_000; rows <= mostRows; rows *= 10) await line(server, { rows, columns: 6 }, USUAL);

  const rows = Math.min(mostRows, 200_000);
  console.log(`\ncolumns (${rows.toLocaleString("en")} rows, 2% changed)`);
  for (const columns of [6, 30, 100]) await line(server, { rows, columns }, USUAL);

  console.log(`\nshare of changed rows (${rows.toLocaleString("en")} rows, 6 columns)`);
  for (const updated of [0, 10, 100, 500]) {
    await line(
      server,
      { rows, columns: 6 },
      { updated, deleted: 0, inserted: 0 },
      `${updated / 10}% updated`,
    );
  }

  console.log("\nstreams at once on one server (10,000 rows each, one process, second batch)");
  for (const streams of [1, 10, 100]) await atOnce(server, streams);
}

async function line(
  server: PostgresServer,
  shape: Shape,
  changes: ChangesPerThousand,
  label?: string,
): Promise<void> {
  const stores = await openStores(server, shape);
  try {
    const first = await ingestOnce(stores, "YellowForensic");
    await stores.change(changes);
    const second = await ingestOnce(stores, "YellowForensic");
    const name = label ?? `${shape.rows.toLocaleString("en")} x ${shape.columns}`;
    const peak = Math.max(first.peakMiB, second.peakMiB).toFixed(0);
    console.log(
      `  ${name.padEnd(16)} first ${seconds(first.whole).padStart(6)} s, second ${seconds(second.whole).padStart(6)} s, ${peak} MiB`,
    );
  } finally {
    rmSync(stores.model, { recursive: true });
    await stores.close();
  }
}

async function atOnce(server: PostgresServer, streams: number): Promise<void> {
  const shape = { rows: 10_000, columns: 6 };
  const names = Array.from({ length: streams }, (_, index) => `t${index}`);
  const columns = [
    { name: "id", type: "bigint", key: true },
    { name: "c0", type: "varchar(100)" },
    { name: "c1", type: "varchar(100)" },
  ];
  const datasets = Object.fromEntries(names.map((name) => [name, columns]));
  const world = await World.open(modelOf({ Store1: { datasets, consistency: "SINGLE_DATASET" } }), server);
  try {
    for (const name of names) {
      await world.source.query(tableOf(shape, name));
      await world.source.query(fillOf(shape, name));
    }
    const all = () =>
      Promise.all(
        names.map((dataset) =>
          ingest(world.config("YellowForensic", "Store1", { dataset }), world.model, world.context),
        ),
      );
    const first = await timed(all);
    for (const name of names) await world.source.query(`UPDATE ${name} SET c0 = 'x' WHERE id % 100 = 0`);
    const second = await timed(all);
    console.log(
      `  ${String(streams).padEnd(16)} first ${seconds(first).padStart(6)} s, second ${seconds(second).padStart(6)} s`,
    );
  } finally {
    await world.close();
  }
}
