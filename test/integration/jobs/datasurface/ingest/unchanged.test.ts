import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelOf, type PlatformName, UNGUARDED, World } from "../../../../rigs/datasurface/datasurface";
import { createDatabase, sharedPostgres } from "../../../../rigs/postgres/postgres";

const COLUMNS = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
  { name: "sum", type: "numeric" },
];
const PLATFORMS: readonly PlatformName[] = ["YellowLive", "YellowForensic"];

let world: World;
beforeAll(async () => {
  world = await World.open(modelOf({ Store1: { datasets: { things: COLUMNS } } }));
});
afterAll(() => world.close());

let stores = 0;
let store = "";

/** A store of the test's own, whose tables have two hundred rows. */
async function fresh(...names: string[]): Promise<void> {
  store = `Store${++stores}`;
  const schema = store.toLowerCase();
  const datasets = Object.fromEntries(names.map((name) => [name, COLUMNS]));
  world.model = modelOf({ [store]: { schema, datasets, deletions: UNGUARDED } });
  await world.source.query(`CREATE SCHEMA ${schema}`);
  for (const name of names) {
    await world.source.query(
      `CREATE TABLE ${schema}.${name} (id integer PRIMARY KEY, name text, sum numeric)`,
    );
    await world.source.query(
      `INSERT INTO ${schema}.${name} SELECT n, 'row ' || n, n FROM generate_series(1, 200) AS n`,
    );
  }
}

const table = (name = "things") => `${store.toLowerCase()}.${name}`;
const merged = (platform: string, name = "things") => `${platform}_${store}_${name}_merge`;
const last = async (platform: PlatformName) => (await world.metrics(platform, store)).at(-1);
const stagedOf = async (platform: PlatformName, batch: number, name = "things") => {
  const staged = `${platform}_${store}_${name}_staging_b${batch}`.toLowerCase();
  const [found] = await world.merge.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
    staged,
  ]);
  return found?.there;
};

/** The counters of the server, which it keeps a while in the session that wrote. */
const counted = () => world.source.query("SELECT pg_stat_force_next_flush()");

describe.each(PLATFORMS)("a source that did not change, on %s", (platform) => {
  it("is read, and neither written nor compared", async () => {
    await fresh("things");
    await counted();
    await world.ingest(platform, store);
    const before = await world.merge.query(`SELECT ctid, xmin, * FROM ${merged(platform)}`);
    await world.ingest(platform, store);
    expect(await last(platform)).toMatchObject({
      batch_id: 2,
      unchanged: 200,
      total_records: 200,
      keys_new: 0,
    });
    expect(await stagedOf(platform, 2)).toBe(false);
    expect(await world.merge.query(`SELECT ctid, xmin, * FROM ${merged(platform)}`)).toEqual(before);
  });

  it("is compared when the merge table has another number of rows, and when the time has come", async () => {
    await fresh("things");
    await world.ingest(platform, store);
    await world.merge.query(`DELETE FROM ${merged(platform)} WHERE id = 7`);
    await world.ingest(platform, store);
    expect(await last(platform)).toMatchObject({ keys_new: 1, unchanged: 199 });
    await world.merge.query(`UPDATE ${merged(platform)} SET name = 'forged' WHERE id = 9`);
    await world.ingest(platform, store, { fullComparisonHours: 0 });
    expect(await last(platform)).toMatchObject({ records_updated: 1, unchanged: 199 });
  });

  it("is compared on demand, also where an earlier run of the batch found nothing to compare", async () => {
    await fresh("things");
    await world.ingest(platform, store);
    expect(await world.ingest(platform, store, { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
    await world.merge.query(`UPDATE ${merged(platform)} SET name = 'forged' WHERE id = 9`);
    await world.ingest(platform, store, { fullComparisonHours: 0 });
    expect(await last(platform)).toMatchObject({ batch_id: 2, records_updated: 1, unchanged: 199 });
  });

  it("loses the rows that an earlier run was told to keep", async () => {
    await fresh("things");
    await world.ingest(platform, store);
    await world.source.query(`DELETE FROM ${table()} WHERE id <= 20`);
    await world.ingest(platform, store, { additionsOnly: true });
    await world.ingest(platform, store);
    expect(await last(platform)).toMatchObject({ records_deleted: 20, unchanged: 180 });
  });

  it("is compared under another model", async () => {
    await fresh("things");
    await world.ingest(platform, store);
    const retired = COLUMNS.map((column) => (column.name === "sum" ? { ...column, retired: true } : column));
    world.model = modelOf({ [store]: { schema: store.toLowerCase(), datasets: { things: retired } } });
    await world.ingest(platform, store);
    expect(await last(platform)).toMatchObject({ records_updated: 200 });
  });
});

describe("two datasets of a store, one of which changed", () => {
  it("are merged in one batch, in which the other one is not staged", async () => {
    await fresh("things", "places");
    await counted();
    await world.ingest("YellowForensic", store);
    await world.source.query(`UPDATE ${table("places")} SET name = 'moved' WHERE id = 3`);
    await counted();
    await world.ingest("YellowForensic", store);
    expect(await last("YellowForensic")).toMatchObject({
      records_updated: 1,
      unchanged: 399,
      total_records: 400,
    });
    expect([
      await stagedOf("YellowForensic", 2, "things"),
      await stagedOf("YellowForensic", 2, "places"),
    ]).toEqual([false, true]);
  });

  it("are merged when the batch waits for the approval of its deletions meanwhile", async () => {
    await fresh("things", "places");
    const datasets = { things: COLUMNS, places: COLUMNS };
    world.model = modelOf({ [store]: { schema: store.toLowerCase(), datasets, deletions: { maxRows: 1 } } });
    await world.ingest("YellowLive", store);
    await world.source.query(`DELETE FROM ${table("places")} WHERE id <= 50`);
    const held = await world.ingest("YellowLive", store).catch((error: Error) => error.message);
    const approved = /--approve-deletes (\S+?);/.exec(String(held))?.[1];
    await world.ingest("YellowLive", store, { approved });
    expect(await last("YellowLive")).toMatchObject({ records_deleted: 50, unchanged: 350, batch_id: 2 });
  });
});

/** What happens to a table between two batches. */
const EVENTS: Readonly<Record<string, (name: string) => string>> = {
  nothing: () => "SELECT 1",
  update: (name) => `UPDATE ${name} SET name = name || '!' WHERE id % 7 = 3`,
  "update to the same values": (name) => `UPDATE ${name} SET name = name WHERE id % 5 = 1`,
  "update of a sum's scale": (name) => `UPDATE ${name} SET sum = sum::numeric(12,2) WHERE id = 11`,
  insert: (name) => `INSERT INTO ${name} SELECT max(id) + 1, 'new', 0.0 FROM ${name}`,
  delete: (name) => `DELETE FROM ${name} WHERE id = (SELECT min(id) FROM ${name})`,
  "delete and put back": (name) =>
    `CREATE TEMPORARY TABLE kept AS SELECT * FROM ${name} WHERE id % 3 = 0; DELETE FROM ${name} WHERE id % 3 = 0;
     INSERT INTO ${name} SELECT * FROM kept; DROP TABLE kept`,
  vacuum: (name) => `VACUUM ${name}`,
  rewrite: (name) => `VACUUM FULL ${name}`,
};

describe("any history", () => {
  it("gives the same rows, batches and counts as comparing every batch in full", async () => {
    const other = world.withMerge(await createDatabase(sharedPostgres(), { label: "compared" }));
    const events = fc.array(fc.constantFrom(...Object.keys(EVENTS)), { minLength: 1, maxLength: 4 });
    try {
      await fc.assert(
        fc.asyncProperty(events, async (history) => {
          await fresh("things");
          other.model = world.model;
          for (const event of ["nothing", ...history]) {
            await world.source.query(EVENTS[event]?.(table()) ?? "");
            for (const platform of PLATFORMS) {
              const full = other.ingest(platform, store, { fullComparisonHours: 0 });
              await Promise.all([world.ingest(platform, store), full]);
              const [ours, theirs] = await Promise.all(
                [world, other].map(async (each) => ({
                  rows: await each.merge.query(`SELECT t::text FROM ${merged(platform)} AS t ORDER BY 1`),
                  metrics: await each.metrics(platform, store),
                })),
              );
              expect(ours).toEqual(theirs);
            }
          }
        }),
        { numRuns: 2 },
      );
    } finally {
      await other.merge.drop();
    }
  });
});
