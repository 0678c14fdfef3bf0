import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { startPostgres } from "../test/rigs/postgres/postgres";
import { datasets } from "./merge-datasets";
import { DbtSnapshot } from "./merge-dbt";
import { growth } from "./merge-growth";
import { ingestOnce, type Measured, median, openStores, SERVER_SETTINGS, seconds } from "./merge-stores";
import { streams } from "./merge-streams";

const USAGE = `npm run bench -- merge [--rows 1000000] [--repeat 3] [--without-dbt]   beside dbt's snapshot and the limit
npm run bench -- merge --growth [--rows 10000000]                      with rows, columns and share of changes
npm run bench -- merge --datasets 8 [--rows 200000] [--repeat 3]       with datasets of one store that are read at once
npm run bench -- merge --streams [--rows 10000]                        with streams at once, and where that stops`;

/** How many of a thousand rows the second batch updates, deletes and inserts. */
const CHANGES = { updated: 10, deleted: 5, inserted: 5 };

/** Compares ingestion with dbt's snapshot and with the database's own limits, on one server in one run. */
export default async function merge(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rows: { type: "string" },
      repeat: { type: "string", default: "3" },
      growth: { type: "boolean", default: false },
      streams: { type: "boolean", default: false },
      datasets: { type: "string" },
      "without-dbt": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const server = await startPostgres({ settings: SERVER_SETTINGS });
  try {
    if (values.streams) await streams(server, Number(values.rows ?? 10_000));
    else if (values.datasets !== undefined)
      await datasets(server, {
        count: Number(values.datasets),
        rows: Number(values.rows ?? 200_000),
        repeat: Number(values.repeat),
      });
    else if (values.growth) await growth(server, Number(values.rows ?? 10_000_000));
    else
      await compare(server, Number(values.rows ?? 1_000_000), Number(values.repeat), !values["without-dbt"]);
  } finally {
    await server.stop();
  }
}

async function compare(
  server: Awaited<ReturnType<typeof startPostgres>>,
  rows: number,
  repeat: number,
  withDbt: boolean,
): Promise<void> {
  const results = new Map<string, number[]>();
  const note = (name: string, value: number) => results.set(name, [...(results.get(name) ?? []), value]);
  let peak = 0;
  const ours = (label: string, { whole, staging, merging, peakMiB }: Measured) => {
    note(`${label}, whole command`, whole);
    note(`${label}, staging and merge alone`, staging + merging);
    peak = Math.max(peak, peakMiB);
  };

  for (let round = 1; round <= repeat; round++) {
    console.error(`round ${round} of ${repeat}`);
    const stores = await openStores(server, { rows, columns: 6 });
    const dbt = withDbt ? await DbtSnapshot.open(server, stores.source) : undefined;
    try {
      note("COPY out and in, text, no key, unlogged", await stores.copyThrough("text", "unlogged"));
      note("COPY out and in, text, with its key", await stores.copyThrough("text", "keyed"));
      note("COPY out and in, binary, no key, unlogged", await stores.copyThrough("binary", "unlogged"));
      note("COPY out and in, binary, with its key", await stores.copyThrough("binary", "keyed"));
      for (const platform of ["YellowLive", "YellowForensic"] as const) {
        ours(`${platform}: first load`, await ingestOnce(stores, platform));
      }
      if (dbt) await dbt.measure("first load", note);
      await stores.change(CHANGES);
      await dbt?.change(CHANGES);
      note("least SQL that finds the changes", await stores.findChanges());
      for (const platform of ["YellowLive", "YellowForensic"] as const) {
        ours(`${platform}: second batch`, await ingestOnce(stores, platform));
      }
      if (dbt) await dbt.measure("second batch", note);
      for (const platform of ["YellowLive", "YellowForensic"] as const) {
        ours(`${platform}: nothing changed`, await ingestOnce(stores, platform));
      }
      if (dbt) await dbt.measure("nothing changed", note);
    } finally {
      await dbt?.close();
      rmSync(stores.model, { recursive: true });
      await stores.close();
    }
  }
  print(rows, repeat, results, peak);
}

function print(
  rows: number,
  repeat: number,
  results: ReadonlyMap<string, readonly number[]>,
  peakMiB: number,
): void {
  console.log(
    `${rows.toLocaleString("en")} rows of 6 columns, seconds in ${repeat} rounds:\n\n   median    worst`,
  );
  for (const [name, values] of results)
    console.log(
      `  ${seconds(median(values)).padStart(7)}  ${seconds(Math.max(...values)).padStart(7)}  ${name}`,
    );

  // The median of each round's ratio: other load on the machine then affects both sides.
  console.log("\nratios over the rounds:\n\n   median    worst");
  const ratio = (text: string, above: readonly string[], below: readonly string[]) => {
    const sums = [above, below].map((names) =>
      Array.from({ length: repeat }, (_, round) =>
        names.reduce((sum, name) => sum + (results.get(name)?.[round] ?? Number.NaN), 0),
      ),
    );
    const rounds = (sums[0] ?? []).map((value, round) => value / (sums[1]?.[round] ?? Number.NaN));
    if (rounds.every(Number.isFinite)) {
      // A ratio of dbt to ours is the better, the higher it is.
      const worst = text.startsWith("dbt") ? Math.min(...rounds) : Math.max(...rounds);
      console.log(`  ${median(rounds).toFixed(2).padStart(7)}  ${worst.toFixed(2).padStart(7)}  ${text}`);
    }
  };
  for (const platform of ["YellowLive", "YellowForensic"]) {
    const first = [`${platform}: first load, whole command`];
    for (const format of ["text", "binary"]) {
      const name = `COPY out and in, ${format}, with its key`;
      ratio(`${platform}: first load, whole command, over ${name}`, first, [name]);
    }
    const whole = `${platform}: second batch, whole command`;
    const alone = `${platform}: second batch, staging and merge alone`;
    const limit = ["COPY out and in, binary, no key, unlogged", "least SQL that finds the changes"];
    ratio(`${whole}, over its limit (binary COPY and least SQL)`, [whole], limit);
    ratio(
      `${platform}: nothing changed, staging and merge alone, over its second batch`,
      [`${platform}: nothing changed, staging and merge alone`],
      [alone],
    );
    ratio(`dbt's snapshot node over ${alone}`, ["dbt: second batch, node"], [alone]);
    ratio(`dbt's snapshot node over ${whole}`, ["dbt: second batch, node"], [whole]);
    ratio(`dbt's whole command over ${whole}`, ["dbt: second batch, whole command"], [whole]);
  }
  console.log(`\npeak memory of the working process: ${peakMiB.toFixed(0)} MiB`);
}
