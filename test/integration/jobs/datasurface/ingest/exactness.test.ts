import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelOf, type StoreSpec, UNGUARDED, World } from "../../../../rigs/datasurface/datasurface";

const ID = { name: "id", type: "integer", key: true };

let world: World;
beforeAll(async () => {
  world = await World.open(modelOf({ Store1: { datasets: { things: [ID] } } }));
});
afterAll(() => world.close());

let stores = 0;
/** The store that the current test has for itself. */
let store = "";
const merged = (platform: string) => `${platform}_${store}_things_merge`;

/** One dataset with a key and a value of the given type; the source column may have another type. */
async function valuesOf(type: string, sourceType = type): Promise<void> {
  await datasets({ things: [ID, { name: "value", type }] });
  await world.source.query(`CREATE TABLE things (id integer, value ${sourceType})`);
}

async function datasets(columns: StoreSpec["datasets"]): Promise<void> {
  store = `Store${++stores}`;
  world.model = modelOf({ [store]: { deletions: UNGUARDED, datasets: columns } });
  await world.source.query("DROP TABLE IF EXISTS things");
}

const CHANGES: readonly (readonly [type: string, before: string, after: string | null])[] = [
  ["interval", "1 mon", "30 days"],
  ["interval", "1 day", "24:00:00"],
  ["numeric", "1.0", "1.00"],
  ["double precision", "0", "-0"],
  ["jsonb", '{"a": 1}', '{"a": 1.0}'],
  ["json", '{"a":1}', '{"a": 1}'],
  ["point", "(0,0)", "(1,0)"],
  ["text", "a", "a "],
  ["text", "", null],
  ["text", "é", "e\u0301"],
  ["char(3)", "a", "b"],
  ["text[]", '{"a,b"}', "{a,b}"],
  ["integer[]", "{1}", "[2:2]={1}"],
  ["timestamp", "2024-01-01 00:00:00.000001", "2024-01-01 00:00:00.000002"],
  ["inet", "10.0.0.1/32", "10.0.0.1/8"],
];

describe("a change of a value", () => {
  const dataset = (index: number) => `things_${index}`;
  const counts: Record<string, { records_updated: number }>[] = [];

  beforeAll(async () => {
    const columns = CHANGES.map(([type], index) => [dataset(index), [ID, { name: "value", type }]] as const);
    await datasets(Object.fromEntries(columns));
    for (const [index, [type, before]] of CHANGES.entries()) {
      await world.source.query(`CREATE TABLE ${dataset(index)} (id integer, value ${type})`);
      await world.source.query(`INSERT INTO ${dataset(index)} VALUES (1, $1::text::${type})`, [before]);
    }
    await world.ingest("YellowForensic", store);
    await world.ingest("YellowForensic", store);
    for (const [index, [type, , after]] of CHANGES.entries()) {
      await world.source.query(`UPDATE ${dataset(index)} SET value = $1::text::${type}`, [after]);
    }
    await world.ingest("YellowForensic", store);
    const rows = await world.merge.query<{ datasets: Record<string, { records_updated: number }> }>(
      "SELECT datasets FROM yellowforensic_batch_metrics WHERE key = $1 ORDER BY batch_id",
      [store],
    );
    counts.push(...rows.map((row) => row.datasets));
  });

  it.each(CHANGES.map((change, index) => [...change, index] as const))(
    "of type %s from %j to %j is seen, and its absence too",
    async (_type, _before, _after, index) => {
      const name = dataset(index);
      expect(counts.map((batch) => batch[name]?.records_updated)).toEqual([0, 0, 1]);
      expect(
        await world.merge.query(
          `SELECT value::text FROM yellowforensic_${store}_${name}_merge WHERE ds_surf_batch_in = 3`,
        ),
      ).toEqual(await world.source.query(`SELECT value::text FROM ${name}`));
    },
  );
});

describe("a value of the source", () => {
  it.each([
    [
      "varchar(20)",
      "varchar(3)",
      "'long'",
      "1 values of column value (character varying(20)) do not fit character varying(3)",
    ],
    ["numeric", "numeric(10,2)", "1.239", "1 values of column value (numeric) do not fit numeric(10,2)"],
    ["numeric", "numeric(4,2)", "100", "does not fit numeric(4,2): numeric field overflow"],
    ["bigint", "integer", "2147483648", "does not fit integer: integer out of range"],
    ["timestamp", "date", "'2024-01-01 12:00'", "do not fit date"],
    ["double precision", "real", "0.1::float8", "do not fit real"],
    [
      "text",
      "integer",
      "'x'",
      "does not fit integer: invalid input syntax for type integer: (1 character, letters)",
    ],
    ["boolean", "date", "true", "is boolean in the source and cannot become date"],
  ])(
    "of type %s that does not fit %s is refused before a table is made",
    async (from, to, value, message) => {
      await valuesOf(to, from);
      await world.source.query(`INSERT INTO things VALUES (1, NULL), (2, ${value})`);
      await expect(world.ingest("YellowLive", store)).rejects.toThrow(message);
      expect(await world.merge.query(`SELECT to_regclass('${merged("yellowlive")}') AS table`)).toEqual([
        { table: null },
      ]);
    },
  );

  it.each([
    ["varchar(3)", "text", "'abc'", "abc"],
    ["integer", "bigint", "7", "7"],
    ["integer", "numeric(12,2)", "7", "7.00"],
    ["real", "double precision", "0.1", "0.10000000149011612"],
    ["timestamp", "date", "'2024-01-01 00:00'", "2024-01-01"],
    ["text", "integer", "'12'", "12"],
    ["timestamptz", "timestamp", "'2024-01-01 00:00+02'", "2023-12-31 22:00:00"],
  ])("of type %s that is one of %s comes over as it is", async (from, to, value, expected) => {
    await valuesOf(to, from);
    await world.source.query(`INSERT INTO things VALUES (1, ${value})`);
    await world.ingest("YellowLive", store);
    expect(await world.merge.query(`SELECT value::text FROM ${merged("yellowlive")}`)).toEqual([
      { value: expected },
    ]);
  });

  it("that is null in the key, or where the model knows no null, is refused by name", async () => {
    await valuesOf("text");
    await world.source.query("INSERT INTO things VALUES (NULL, 'x')");
    await expect(world.ingest("YellowLive", store)).rejects.toThrow(
      "things: column id is null in a row of the source",
    );
    expect(await world.merge.query(`SELECT FROM ${merged("yellowlive")}`)).toEqual([]);
  });
});

describe("a key that the source has twice", () => {
  const twice =
    "things: the key (id) occurs more than once in the source, nothing was merged:\n  - a key of 1 character, digits occurs 2 times";

  it.each(["YellowLive", "YellowForensic"] as const)("is named in a first load of %s", async (platform) => {
    await valuesOf("text");
    await world.source.query("INSERT INTO things VALUES (1, 'x'), (1, 'y'), (2, 'z')");
    await expect(world.ingest(platform, store)).rejects.toThrow(twice);
    expect(await world.merge.query(`SELECT FROM ${merged(platform)}`)).toEqual([]);
  });

  it.each([
    ["a new key", "INSERT INTO things VALUES (1, 'x'), (1, 'x')"],
    ["an old key", "INSERT INTO things VALUES (1, 'x'), (1, 'x'), (2, 'z')"],
    ["a changed key", "INSERT INTO things VALUES (1, 'a'), (1, 'b'), (2, 'z')"],
  ])("is named in a later batch: %s", async (what, change) => {
    await valuesOf("text");
    await world.source.query(`INSERT INTO things VALUES (${what === "a new key" ? 9 : 1}, 'x'), (2, 'z')`);
    for (const platform of ["YellowLive", "YellowForensic"] as const) await world.ingest(platform, store);
    await world.source.query(`DELETE FROM things; ${change}`);
    for (const platform of ["YellowLive", "YellowForensic"] as const) {
      await expect(world.ingest(platform, store)).rejects.toThrow(twice);
      expect(await world.merge.query(`SELECT FROM ${merged(platform)}`)).toHaveLength(2);
    }
  });

  it("holds up the batch only until the source is mended", async () => {
    await valuesOf("text");
    await world.source.query("INSERT INTO things VALUES (1, 'x'), (1, 'y')");
    await expect(world.ingest("YellowLive", store)).rejects.toThrow(twice);
    await world.source.query("DELETE FROM things WHERE value = 'y'");
    expect(await world.ingest("YellowLive", store)).toBe("done");
    expect(await world.metrics("YellowLive", store)).toMatchObject([
      { batch_id: 1, batch_status: "committed" },
    ]);
  });

  it("stops a dataset without a key whose whole rows repeat", async () => {
    await datasets({ things: [{ name: "value", type: "text" }] });
    await world.source.query(
      "CREATE TABLE things (value text); INSERT INTO things VALUES ('a'), (NULL), ('')",
    );
    expect(await world.ingest("YellowLive", store)).toBe("done");
    await world.source.query("INSERT INTO things VALUES (NULL)");
    await expect(world.ingest("YellowLive", store)).rejects.toThrow("whole rows occur more than once");
  });
});

describe("the merge database", () => {
  it("holds the invariants itself: one open row a key, no overlap, batches without gaps, counts that add up", async () => {
    await valuesOf("text");
    await world.source.query("INSERT INTO things VALUES (1, 'x')");
    await world.ingest("YellowForensic", store);
    await world.source.query("UPDATE things SET value = 'y'");
    await world.ingest("YellowForensic", store);
    const merge = merged("yellowforensic").toLowerCase();
    const metrics = "yellowforensic_batch_metrics";

    for (const [statement, message] of [
      [`INSERT INTO ${merge} VALUES (1, 'z', 3, 2147483647)`, `idx_${merge}_open`],
      [`INSERT INTO ${merge} VALUES (1, 'z', 2, 9)`, `idx_${merge}_key`],
      [`UPDATE ${merge} SET ds_surf_batch_out = 2 WHERE ds_surf_batch_in = 1`, "versions of one key overlap"],
      [`UPDATE ${merge} SET ds_surf_batch_out = 0 WHERE ds_surf_batch_in = 1`, "check constraint"],
      [
        `INSERT INTO ${metrics} (key, batch_id, batch_status, state) VALUES ('${store}', 4, 'started', '{}')`,
        "foreign key",
      ],
      [`UPDATE ${metrics} SET batch_status = 'failed', batch_end_time = NULL`, "check constraint"],
      [`UPDATE ${metrics} SET unchanged = unchanged + 1 WHERE key = '${store}'`, "check constraint"],
      [`UPDATE yellowforensic_batch_counter SET "currentBatch" = 7`, "foreign key"],
    ] as const) {
      await expect(world.merge.query(statement), statement).rejects.toThrow(message);
    }
    await world.merge.query(
      `INSERT INTO ${metrics} (key, batch_id, batch_status, state) VALUES ('${store}', 3, 'started', '{}')`,
    );
    await expect(
      world.merge.query(
        `INSERT INTO ${metrics} (key, batch_id, batch_status, state) VALUES ('${store}', 4, 'started', '{}')`,
      ),
    ).rejects.toThrow("idx_yellowforensic_batch_metrics_open");
  });
});
