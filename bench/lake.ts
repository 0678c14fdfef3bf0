import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { ObjectStore } from "../jobs/shared";
import { modelOf, UNGUARDED, World } from "../test/rigs/datasurface/datasurface";
import { latestOf, writeLake } from "../test/rigs/datasurface/lake";
import { startObjectStoreStandIn } from "../test/rigs/minio/object-store";
import { startPostgres } from "../test/rigs/postgres/postgres";

const USAGE = "npm run bench -- lake [--rows 1000000]   a merge table as Parquet, and a query of both";

const COLUMNS = [
  { name: "id", type: "bigint", key: true },
  { name: "name", type: "text" },
  { name: "amount", type: "numeric(12,2)" },
  { name: "at", type: "timestamptz" },
];
const QUERY = "SELECT date_trunc('day', at) AS day, count(*), sum(amount) FROM";

export default async function lakes(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { rows: { type: "string", default: "1000000" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const rows = Number(values.rows);
  const server = await startPostgres();
  const store = await startObjectStoreStandIn("lake");
  const world = await World.open(
    modelOf({ Store1: { datasets: { things: COLUMNS }, deletions: UNGUARDED } }),
    server,
  );
  const folder = await mkdtemp(join(tmpdir(), "trellis-bench-lake-"));
  try {
    await world.source.query(`CREATE TABLE things (id bigint PRIMARY KEY, name text, amount numeric(12,2), at timestamptz);
      INSERT INTO things SELECT n, md5(n::text), n % 100000 / 100.0, '2026-01-01'::timestamptz + n * interval '10 s' FROM generate_series(1, ${rows}) AS n`);
    await world.ingest("YellowLive");
    const given = store.environment("L");
    const address = {
      ...{ endpoint: store.endpoint, region: given.L_REGION ?? "", bucket: store.bucket },
      ...{ accessKey: given.L_ACCESS_KEY_ID ?? "", secretKey: given.L_SECRET_ACCESS_KEY ?? "" },
    };
    const written = await timed(() => writeLake(world, "YellowLive", address));
    const manifest = await latestOf(address, "YellowLive");
    const files = manifest?.datasets.things?.files ?? [];
    const paths: string[] = [];
    let bytes = 0;
    for (const [index, { key }] of files.entries()) {
      const pieces: Buffer[] = [];
      for await (const piece of new ObjectStore(address).read(key)) pieces.push(piece);
      const path = join(folder, `${index}.parquet`);
      await writeFile(path, Buffer.concat(pieces));
      bytes += Buffer.concat(pieces).length;
      paths.push(`'${path}'`);
    }
    const [table] = await world.merge.query<{ bytes: string }>(
      "SELECT pg_table_size('yellowlive_store1_things_merge')::text AS bytes",
    );
    const mib = (size: number) => `${(size / 2 ** 20).toFixed(1)} MiB`;
    console.log(`${rows.toLocaleString("en")} rows of 5 columns`);
    console.log(
      `  written in ${written.toFixed(2)} s: ${Math.round(rows / written).toLocaleString("en")} rows a second`,
    );
    console.log(
      `  ${mib(bytes)} in ${files.length} files; ${mib(Number(table?.bytes))} in the table without its index`,
    );
    const duck = await (await DuckDBInstance.create(":memory:")).connect();
    const read = `${QUERY} (SELECT CAST(at AS TIMESTAMP) AS at, amount FROM read_parquet([${paths.join(", ")}])) GROUP BY 1`;
    const byDuck = await timed(() => duck.runAndReadAll(read));
    const byPostgres = await timed(() =>
      world.merge.query(`${QUERY} yellowlive_store1_things_merge GROUP BY 1`),
    );
    console.log(
      `  sums by day: DuckDB over the files ${byDuck.toFixed(2)} s, PostgreSQL over the table ${byPostgres.toFixed(2)} s`,
    );
  } finally {
    rmSync(folder, { recursive: true });
    await world.close();
    await store.stop();
    await server.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
