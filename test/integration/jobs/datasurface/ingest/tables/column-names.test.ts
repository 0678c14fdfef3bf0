import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelOf, UNGUARDED, World } from "../../../../../rigs/datasurface/datasurface";

let world: World;
beforeEach(async () => {
  world = await World.open(
    modelOf({ Store1: { datasets: { x: [{ name: "id", type: "integer", key: true }] } } }),
  );
});
afterEach(() => world.close());

/** Names that sources have: of MongoDB's exports, reserved words, other languages, and words of our own SQL. */
const NAMES = [
  ...["_id", "order", "user", "table", "größe", "日本", "e\u0301", "x1", "ALL"],
  ...[
    "s",
    "m",
    "c",
    "f",
    "batch",
    "place",
    "staged",
    "merged",
    "whole",
    "digest",
    "deleted",
    "opened",
    "closed",
    "key",
  ],
];

describe.each([
  ["with a key", true],
  ["without one", false],
])("columns of any name, in a dataset %s", (_, keyed) => {
  it.each(["YellowLive", "YellowForensic"] as const)(
    "go through staging, merge, guard and views on %s",
    async (platform) => {
      const columns = NAMES.map((name, index) => ({ name, type: "text", key: keyed && index < 3 }));
      world.model = modelOf({ Store1: { datasets: { things: columns }, deletions: {} } });
      const values = NAMES.map((name, index) => `(n * ${index + 1})::text AS "${name}"`).join(", ");
      await world.source.query(`CREATE TABLE things AS SELECT ${values} FROM generate_series(1, 10) AS n`);
      expect(await world.ingest(platform)).toBe("done");
      await world.source.query(
        `UPDATE things SET "ALL" = 'new' WHERE "_id" = '1'; DELETE FROM things WHERE "_id" = '2'`,
      );
      expect(await world.ingest(platform)).toBe("done");
      await world.makeViews();
      const list = NAMES.map((name) => `"${name}"`).join(", ");
      const { live, asOf } = world.viewNames(platform, "Store1", "things");
      const order = `SELECT ${list} FROM %s ORDER BY "_id"`;
      expect(await world.merge.query(order.replace("%s", live))).toEqual(
        await world.source.query(order.replace("%s", "things")),
      );
      if (platform === "YellowForensic") {
        expect(await world.merge.query(order.replace("%s", `${asOf}(1)`))).toHaveLength(10);
      }
      await world.source.query("DELETE FROM things");
      await expect(world.ingest(platform)).rejects.toThrow(/--approve-deletes 9-/);
    },
  );
});

describe("a column of another type than the model's", () => {
  it("is converted where each value survives, also without equality: xml, json and point as text", async () => {
    world.model = modelOf({
      Store1: {
        datasets: {
          things: [
            { name: "id", type: "integer", key: true },
            ...["x", "j", "p"].map((name) => ({ name, type: "text" })),
          ],
        },
        deletions: UNGUARDED,
      },
    });
    await world.source.query(`CREATE TABLE things (id integer, x xml, j json, p point);
      INSERT INTO things VALUES (1, '<a b="1">ü</a>', '{"a": 1}', '(1.5,2)'), (2, NULL, NULL, NULL)`);
    expect(await world.ingest("YellowLive")).toBe("done");
    const { rows } = {
      rows: await world.merge.query("SELECT x, j, p FROM yellowlive_store1_things_merge ORDER BY id"),
    };
    expect(rows).toEqual([
      { x: '<a b="1">ü</a>', j: '{"a": 1}', p: "(1.5,2)" },
      { x: null, j: null, p: null },
    ]);
  });

  it("says what it means that it cannot become the model's, and what to do", async () => {
    world.model = modelOf({
      Store1: {
        datasets: {
          things: [
            { name: "id", type: "integer", key: true },
            { name: "x", type: "jsonb" },
          ],
        },
      },
    });
    await world.source.query("CREATE TABLE things (id integer, x xml)");
    await expect(world.ingest("YellowLive")).rejects.toThrow(
      /column x is xml in the source and cannot become jsonb: PostgreSQL does not convert[\s\S]*model it as text/,
    );
  });
});
