import { ingest } from "../jobs/datasurface/ingest/ingest";
import { modelOf, World } from "../test/rigs/datasurface/datasurface";
import { type PostgresServer, startPostgres } from "../test/rigs/postgres/postgres";
import { fillOf, SERVER_SETTINGS, type Shape, seconds, tableOf, timed } from "./merge-stores";

const LEVELS = [1, 10, 25, 50, 100, 150, 200, 240];

/** A level that does less than this share of the best level's streams a second has more streams than the servers. */
const STILL_WORTH_IT = 0.9;

const columns = [
  { name: "id", type: "bigint", key: true },
  { name: "c0", type: "varchar(100)" },
  { name: "c1", type: "varchar(100)" },
];

/**
 * Runs more and more streams at once, in one process, from a source server into one merge database, until a level fails
 * or two levels in a row do less in a second than the best one.
 */
export async function streams(server: PostgresServer, rows: number): Promise<void> {
  const sourceServer = await startPostgres({ settings: SERVER_SETTINGS });
  const [{ most } = { most: "" }] = await connectionsOf(server);
  console.log(
    `streams at once into one merge database (${rows.toLocaleString("en")} rows each, 1% changed; max_connections ${most}):`,
  );
  let best = { streams: 0, rate: 0 };
  let slower = 0;
  try {
    for (const level of LEVELS) {
      const found = await atOnce(server, sourceServer, level, { rows, columns: 3 });
      if (typeof found === "string") {
        console.log(`  ${String(level).padStart(4)}  fails: ${found}`);
        break;
      }
      const rate = level / found.second;
      console.log(
        `  ${String(level).padStart(4)}  first ${seconds(found.first)} s, second ${seconds(found.second)} s, nothing changed ` +
          `${seconds(found.nothing)} s, ${rate.toFixed(1)} streams a second, ${found.sessions} sessions, ${found.mib} MiB`,
      );
      slower = rate < best.rate * STILL_WORTH_IT ? slower + 1 : 0;
      if (rate > best.rate) best = { streams: level, rate };
      if (slower === 2) break;
    }
    console.log(`\nbest: ${best.streams} at once, ${best.rate.toFixed(1)} streams a second`);
  } finally {
    await sourceServer.stop();
  }
}

async function connectionsOf(server: PostgresServer): Promise<{ most: string }[]> {
  const world = await World.open(modelOf({ Store1: { datasets: { t: columns } } }), server);
  try {
    return await world.merge.query<{ most: string }>("SELECT current_setting('max_connections') AS most");
  } finally {
    await world.close();
  }
}

interface Level {
  /** Seconds until all streams have committed. */
  readonly first: number;
  readonly second: number;
  readonly nothing: number;
  /** The most sessions of the merge database at once. */
  readonly sessions: number;
  /** Memory of this process. */
  readonly mib: number;
}

/** The measured level, or why it failed. */
async function atOnce(
  server: PostgresServer,
  sourceServer: PostgresServer,
  level: number,
  shape: Shape,
): Promise<Level | string> {
  const names = Array.from({ length: level }, (_, index) => `t${index}`);
  // Copies, because a model's YAML may have few aliases.
  const datasets = Object.fromEntries(names.map((name) => [name, columns.map((each) => ({ ...each }))]));
  const model = modelOf({ Store1: { datasets, consistency: "SINGLE_DATASET" } });
  const world = await World.open(model, server, sourceServer);
  const count = async () =>
    (await world.merge.query("SELECT FROM pg_stat_activity WHERE datname = current_database()")).length;
  const all = () =>
    Promise.all(
      names.map((dataset) =>
        ingest(world.config("YellowForensic", "Store1", { dataset }), world.model, world.context),
      ),
    );
  try {
    for (const name of names) {
      await world.source.query(tableOf(shape, name));
      await world.source.query(fillOf(shape, name));
    }
    const first = await timed(all);
    for (const name of names) await world.source.query(`UPDATE ${name} SET c0 = 'x' WHERE id % 100 = 0`);
    let sessions = await count();
    const watch = setInterval(() => {
      void count().then(
        (now) => {
          sessions = Math.max(sessions, now);
        },
        () => undefined,
      ); // no session is left for the count
    }, 100);
    const second = await timed(all).finally(() => clearInterval(watch));
    const nothing = await timed(all);
    return { first, second, nothing, sessions, mib: Math.round(process.memoryUsage.rss() / 2 ** 20) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await world.close();
  }
}
