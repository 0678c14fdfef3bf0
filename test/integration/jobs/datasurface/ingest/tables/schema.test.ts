import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ColumnSpec, modelOf, UNGUARDED, World } from "../../../../../rigs/datasurface/datasurface";

const columns: ColumnSpec[] = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "varchar(10)", nullable: false },
  { name: "amount", type: "numeric(6,2)" },
];
const model = (changed: readonly ColumnSpec[], more: Record<string, readonly ColumnSpec[]> = {}) =>
  modelOf({ Store1: { datasets: { people: changed, ...more }, deletions: UNGUARDED } });

let world: World;
beforeEach(async () => {
  world = await World.open(model(columns));
  await world.source.query(`CREATE TABLE people (id integer PRIMARY KEY, name varchar(10), amount numeric(6,2));
    INSERT INTO people VALUES (1, 'billy', 1.50), (2, 'laura', NULL)`);
});
afterEach(() => world.close());

const [id, name, amount] = columns as [ColumnSpec, ColumnSpec, ColumnSpec];
const both = ["YellowLive", "YellowForensic"] as const;

describe("a model that changes", () => {
  it("adds nullable columns anywhere and widens types, under views that keep their readers", async () => {
    for (const platform of both) await world.ingest(platform);
    await world.makeViews();
    const views = world.viewNames("YellowForensic", "Store1", "people");
    const reader = `reader_of_${world.merge.name}`;
    await world.merge.query(`CREATE ROLE ${reader}`);
    await world.merge.query(`GRANT SELECT ON ${views.live} TO ${reader}`);

    world.model = model([
      { ...id, type: "bigint" },
      { name: "Extra", type: "text" },
      { ...name, type: "varchar(20)" },
      { ...amount, type: "numeric(8,3)" },
    ]);
    await world.source.query(`ALTER TABLE people ALTER id TYPE bigint, ALTER name TYPE varchar(20),
      ALTER amount TYPE numeric(8,3), ADD "Extra" text; UPDATE people SET "Extra" = 'more' WHERE id = 1`);
    for (const platform of both) expect(await world.ingest(platform)).toBe("done");
    await world.makeViews();

    expect(await world.merge.query(`SELECT * FROM ${views.live} ORDER BY id`)).toEqual([
      { id: "1", Extra: "more", name: "billy", amount: "1.500" },
      { id: "2", Extra: null, name: "laura", amount: null },
    ]);
    expect(await world.merge.query(`SELECT id, "Extra" FROM ${views.asOf}(1) ORDER BY id`)).toEqual([
      { id: "1", Extra: null },
      { id: "2", Extra: null },
    ]);
    expect(
      await world.merge.query(`SELECT has_table_privilege('${reader}', '${views.live}', 'SELECT') AS may`),
    ).toEqual([{ may: true }]);
    expect((await world.metrics("YellowLive")).at(-1)).toMatchObject({ records_updated: 1, unchanged: 1 });
    await world.merge.query(`DROP OWNED BY ${reader}`);
    await world.merge.query(`DROP ROLE ${reader}`);
  });

  it("lets a column become nullable", async () => {
    for (const platform of both) await world.ingest(platform);
    world.model = model([id, { ...name, nullable: true }, amount]);
    await world.source.query("UPDATE people SET name = NULL WHERE id = 1");
    for (const platform of both) expect(await world.ingest(platform)).toBe("done");
    expect(
      await world.merge.query("SELECT id FROM yellowlive_store1_people_merge WHERE name IS NULL"),
    ).toEqual([{ id: 1 }]);
  });

  it("keeps a retired column, and merges null from then on", async () => {
    for (const platform of both) await world.ingest(platform);
    await world.makeViews();
    await world.source.query("ALTER TABLE people DROP name");
    for (const platform of both) {
      await expect(world.ingest(platform)).rejects.toThrow(/no column 'name'; .*set "retired: true" on it/);
    }
    world.model = model([id, { ...name, retired: true }, amount]);
    for (const platform of both) expect(await world.ingest(platform)).toBe("done");
    await world.source.query("INSERT INTO people VALUES (3, 3)");
    for (const platform of both) expect(await world.ingest(platform)).toBe("done");
    await world.makeViews();
    const views = world.viewNames("YellowForensic", "Store1", "people");
    const names = async (relation: string) =>
      (await world.merge.query<{ name: string }>(`SELECT name FROM ${relation} ORDER BY id`)).map(
        (row) => row.name,
      );
    expect(await names(`${views.asOf}(1)`)).toEqual(["billy", "laura"]);
    expect(await names(`${views.asOf}(3)`)).toEqual([null, null, null]);
    expect(await names(world.viewNames("YellowLive", "Store1", "people").live)).toEqual([null, null, null]);

    world.model = model([id, amount]);
    await expect(world.ingest("YellowLive")).rejects.toThrow('put it back, with "retired: true"');
  });

  it("takes in a new dataset with the next batch of its store", async () => {
    await world.ingest("YellowLive");
    world.model = model(columns, { places: [id] });
    await world.source.query("CREATE TABLE places (id integer); INSERT INTO places VALUES (7)");
    expect(await world.ingest("YellowLive")).toBe("done");
    expect(await world.merge.query("SELECT * FROM yellowlive_store1_places_merge")).toEqual([
      { id: 7, ds_surf_batch_id: 2 },
    ]);
  });

  it.each<[string, ColumnSpec[], string]>([
    ["a removed column", [id, name], "column amount was removed; put it back"],
    ["another key", [id, { ...name, key: true }, amount], "the key was (id) and cannot become (id, name)"],
    ["a narrower type", [id, { ...name, type: "varchar(5)" }, amount], "only a wider type is allowed"],
    [
      "another type",
      [id, name, { ...amount, type: "text" }],
      "column amount was numeric(6,2) and cannot become text",
    ],
    [
      "a new column that is never null",
      [...columns, { name: "more", type: "text", nullable: false }],
      "must be nullable",
    ],
    [
      "a column that is never null any more",
      [id, name, { ...amount, nullable: false }],
      "column amount is no longer nullable",
    ],
  ])("is refused, and nothing is changed, for %s", async (_, changed, message) => {
    await world.ingest("YellowLive");
    world.model = model(changed);
    await expect(world.ingest("YellowLive")).rejects.toThrow(message);
    expect(await world.metrics("YellowLive")).toHaveLength(1);
  });

  it("stops a batch that was begun before it, says what differs, and lets a reset begin it anew", async () => {
    await world.ingest("YellowLive");
    expect(await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
    world.model = model([...columns, { name: "more", type: "text" }]);
    await world.source.query("ALTER TABLE people ADD more text");

    await expect(world.ingest("YellowLive")).rejects.toThrow(
      /schema changed during batch 2[\s\S]*people: column more \(text\) is new[\s\S]*reset-batch --platform YellowLive --store Store1/,
    );
    await world.reset("YellowLive");
    expect(await world.ingest("YellowLive")).toBe("done");
    expect(await world.metrics("YellowLive")).toMatchObject([
      { batch_id: 1 },
      { batch_id: 2, batch_status: "committed" },
    ]);
  });

  it("goes on with the open batch when the model is put back", async () => {
    await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    world.model = model([...columns, { name: "more", type: "text" }]);
    await expect(world.ingest("YellowLive")).rejects.toThrow("schema changed");
    world.model = model(columns);
    expect(await world.ingest("YellowLive")).toBe("done");
  });

  it("reconciles the tables once in five batches of one schema", async () => {
    const said: string[] = [];
    const log = { ...world.context.log, info: (...words: unknown[]) => said.push(String(words.at(-1))) };
    Object.assign(world.context, { log });
    for (let batch = 1; batch <= 5; batch++) await world.ingest("YellowLive");
    expect(said.filter((line) => line.startsWith("made the tables"))).toHaveLength(1);
    expect(said.filter((line) => /added|widened/.test(line))).toEqual([]);
  });
});
