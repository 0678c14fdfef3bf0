import fc from "fast-check";
import { expect } from "vitest";
import { modelOf, type PlatformName, type World } from "./datasurface";
import { type DatasetHistory, datasetHistory, oracle, type Row, type Snapshot } from "./history";

const PLATFORMS: readonly PlatformName[] = ["YellowLive", "YellowForensic"];

/** Two datasets of one store, one with a key and one without. */
export const storeHistory = fc.integer({ min: 1, max: 5 }).chain((batches) =>
  fc.record({
    keyed: datasetHistory({ batches, keyed: true }),
    bare: datasetHistory({ batches, keyed: false }),
  }),
);

type StoreHistory = { readonly keyed: DatasetHistory; readonly bare: DatasetHistory };

let stores = 0;

/** Applies a history batch by batch, on both platforms, and compares all that can be seen with the oracle. */
export async function followsTheOracle(world: World, history: StoreHistory): Promise<void> {
  const store = `History${++stores}`;
  const schema = store.toLowerCase();
  const datasets = Object.entries(history);
  world.model = modelOf({
    [store]: { schema, datasets: Object.fromEntries(datasets.map(([name, { columns }]) => [name, columns])) },
  });
  await world.source.query(`CREATE SCHEMA ${schema}`);
  for (const [name, { columns }] of datasets) {
    await world.source.query(
      `CREATE TABLE ${schema}.${name} (${columns.map((column) => `"${column.name}" ${column.type}`).join(", ")})`,
    );
  }

  const seen = new Map<string, Snapshot[]>(datasets.map(([name]) => [name, []]));
  for (const batch of history.keyed.batches.keys()) {
    for (const [name, dataset] of datasets) {
      seen.get(name)?.push(await fill(world, `${schema}.${name}`, dataset, dataset.batches[batch] ?? []));
    }
    for (const platform of PLATFORMS) expect(await world.ingest(platform, store)).toBe("done");
  }
  await world.makeViews();
  for (const [name, { columns }] of datasets) {
    await compare(
      world,
      store,
      name,
      columns.map((column) => column.name),
      keyNames(history, name),
      oracle(seen.get(name) ?? []),
    );
  }
  await compareMetrics(
    world,
    store,
    [...seen].map(([name, snapshots]) => ({ name, told: oracle(snapshots) })),
  );
}

const keyNames = (history: StoreHistory, dataset: string) => {
  const { columns } = dataset === "keyed" ? history.keyed : history.bare;
  const keys = columns.filter((column) => column.key);
  return (keys.length > 0 ? keys : columns).map((column) => column.name);
};

/** Makes the source's table hold these rows, one for each key, and answers them as PostgreSQL writes them. */
async function fill(
  world: World,
  table: string,
  { columns }: DatasetHistory,
  rows: readonly Row[],
): Promise<Snapshot> {
  await world.source.query(`DELETE FROM ${table}`);
  const keys = columns.filter((column) => column.key);
  const identity = (keys.length > 0 ? keys : columns).map((column) => `"${column.name}"::text`).join(", ");
  for (const row of rows) {
    const values = columns.map((column, index) => `$${index + 1}::text::${column.type}`);
    await world.source.query(`INSERT INTO ${table} VALUES (${values.join(", ")})`, [...row]);
  }
  await world.source.query(
    `DELETE FROM ${table} WHERE ctid NOT IN (SELECT min(ctid) FROM ${table} GROUP BY ${identity})`,
  );
  const names = columns.map((column) => column.name);
  return snapshot(
    await world.source.query(`SELECT ${textOf(names)} FROM ${table}`),
    names,
    keys.length > 0 ? keys.map((key) => key.name) : names,
  );
}

const textOf = (names: readonly string[]) => names.map((name) => `"${name}"::text AS "${name}"`).join(", ");

function snapshot(
  rows: readonly Record<string, string | null>[],
  names: readonly string[],
  keys: readonly string[],
): Snapshot {
  return new Map(rows.map((row) => [keyOf(row, keys), names.map((name) => row[name] ?? null)]));
}

const keyOf = (row: Record<string, string | null>, keys: readonly string[]) =>
  JSON.stringify(keys.map((key) => row[key] ?? null));

type Told = ReturnType<typeof oracle>;

async function compare(
  world: World,
  store: string,
  dataset: string,
  names: readonly string[],
  keys: readonly string[],
  told: Told,
) {
  const base = `${store}_${dataset}`.toLowerCase();
  type Seen = Record<string, string | null>;
  const byKey = <T extends { key: string; in: number }>(rows: T[]) =>
    rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.in - b.in));
  const shaped = (row: Seen) => ({ key: keyOf(row, keys), row: names.map((name) => row[name] ?? null) });

  const live = await world.merge.query<Seen & { batch: number }>(
    `SELECT ${textOf(names)}, ds_surf_batch_id AS batch FROM yellowlive_${base}_merge`,
  );
  expect(byKey(live.map((row) => ({ ...shaped(row), in: row.batch })))).toEqual(
    byKey(told.live.map(({ key, row, in: since }) => ({ key, row, in: since }))),
  );

  const forensic = await world.merge.query<Seen & { in: number; out: number }>(
    `SELECT ${textOf(names)}, ds_surf_batch_in AS in, ds_surf_batch_out AS out FROM yellowforensic_${base}_merge`,
  );
  expect(byKey(forensic.map((row) => ({ ...shaped(row), in: row.in, out: row.out })))).toEqual(
    byKey(
      told.versions.map((version) => ({
        ...version,
        out: version.out === told.last ? 2147483647 : version.out,
      })),
    ),
  );

  const seen = async (relation: string) =>
    snapshot(await world.merge.query<Seen>(`SELECT ${textOf(names)} FROM ${relation}`), names, keys);
  const now = told.asOf(told.last);
  expect(await seen(world.viewNames("YellowLive", store, dataset).live)).toEqual(now);
  const views = world.viewNames("YellowForensic", store, dataset);
  expect(await seen(views.live)).toEqual(now);
  for (let batch = 1; batch <= told.last; batch++) {
    expect(await seen(`${views.asOf}(${batch})`)).toEqual(told.asOf(batch));
  }
}

async function compareMetrics(
  world: World,
  store: string,
  datasets: readonly { name: string; told: Told }[],
): Promise<void> {
  for (const platform of PLATFORMS) {
    const rows = await world.merge.query<{
      batch_id: number;
      datasets: Record<string, Record<string, number>>;
    }>(`SELECT * FROM ${platform}_batch_metrics WHERE key = $1 ORDER BY batch_id`, [store]);
    const last = datasets[0]?.told.last ?? 0;
    expect(rows.map((row) => row.batch_id)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    for (const row of rows) {
      const expected = datasets.map(({ name, told }) => {
        const counts = told.counts(row.batch_id);
        const inserted =
          platform === "YellowLive" ? counts.keys_new : counts.keys_new + counts.records_updated;
        return [name, { ...counts, records_inserted: inserted }] as const;
      });
      expect(row.datasets).toEqual(Object.fromEntries(expected));
      for (const count of Object.keys(expected[0]?.[1] ?? {})) {
        const sum = expected.reduce(
          (total, [, counts]) => total + (counts[count as keyof typeof counts] ?? 0),
          0,
        ); // a key of counts
        expect(Number((row as unknown as Record<string, unknown>)[count])).toBe(sum); // the same columns, in the row
      }
    }
  }
}
