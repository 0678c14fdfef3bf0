import { rmSync } from "node:fs";
import type { PostgresServer } from "../test/rigs/postgres/postgres";
import { type ChangesPerThousand, ingestOnce, openStores, type Shape, seconds } from "./merge-stores";

const USUAL: ChangesPerThousand = { updated: 10, deleted: 5, inserted: 5 };

/** Measures how time and memory grow with rows, columns and the share of changed rows. */
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
