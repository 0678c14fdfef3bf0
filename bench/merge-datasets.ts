import { ingest } from "../jobs/datasurface/ingest/ingest";
import { modelOf, World } from "../test/rigs/datasurface/datasurface";
import { type PostgresServer, startPostgres } from "../test/rigs/postgres/postgres";
import { fillOf, median, SERVER_SETTINGS, seconds, tableOf, timed } from "./merge-stores";

const AT_ONCE = [1, 2, 4, 8];

const columns = [
  { name: "id", type: "bigint", key: true },
  { name: "c0", type: "varchar(100)" },
  { name: "c1", type: "varchar(100)" },
];

/** Measures batches of one store with several datasets, by how many of them are read at once. */
export async function datasets(
  server: PostgresServer,
  { count, rows, repeat }: { readonly count: number; readonly rows: number; readonly repeat: number },
): Promise<void> {
  const sourceServer = await startPostgres({ settings: SERVER_SETTINGS });
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  const of = Object.fromEntries(names.map((name) => [name, columns.map((each) => ({ ...each }))]));
  const world = await World.open(modelOf({ Store1: { datasets: of } }, { keep: 0 }), server, sourceServer);
  const run = (datasetsAtOnce: number) =>
    timed(() =>
      ingest(world.config("YellowForensic", "Store1", { datasetsAtOnce }), world.model, world.context),
    );
  try {
    for (const name of names) {
      await world.source.query(tableOf({ rows, columns: 3 }, name));
      await world.source.query(fillOf({ rows, columns: 3 }, name));
    }
    const first = await run(1);
    console.log(
      `${count} datasets of ${rows.toLocaleString("en")} rows, 1% changed; first load ${seconds(first)} s`,
    );
    const taken = new Map<number, number[]>(AT_ONCE.map((each) => [each, []]));
    for (let round = 0; round < repeat; round++) {
      for (const atOnce of AT_ONCE) {
        for (const name of names)
          await world.source.query(`UPDATE ${name} SET c0 = c0 || '!' WHERE id % 100 = ${round}`);
        taken.get(atOnce)?.push(await run(atOnce));
      }
    }
    for (const [atOnce, values] of taken) {
      const ratios = values.map((value, round) => value / (taken.get(1)?.[round] ?? Number.NaN));
      console.log(
        `  ${atOnce} at once: median ${seconds(median(values))} s, worst ${seconds(Math.max(...values))} s, ` +
          `${seconds(median(ratios))} of one at a time`,
      );
    }
  } finally {
    await world.close();
    await sourceServer.stop();
  }
}
