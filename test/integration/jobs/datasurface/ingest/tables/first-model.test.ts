import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentsOf } from "../../../../../rigs/datasurface/contents";
import {
  type ColumnSpec,
  modelOf,
  type StoreSpec,
  UNGUARDED,
  World,
} from "../../../../../rigs/datasurface/datasurface";

const columns: readonly ColumnSpec[] = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "varchar(10)", nullable: false },
  { name: "amount", type: "numeric(6,2)" },
];
const [id, name, amount] = columns as [ColumnSpec, ColumnSpec, ColumnSpec];
const storeOf = (changed: readonly ColumnSpec[], rest: Partial<StoreSpec> = {}): StoreSpec => ({
  datasets: { people: changed },
  deletions: UNGUARDED,
  ...rest,
});

let world: World;
beforeEach(async () => {
  world = await World.open(modelOf({ Store1: storeOf(columns) }));
});
afterEach(() => world.close());

const SOURCE = "CREATE TABLE people (id integer, name varchar(10), amount numeric(6,2))";

/** A mistake in the first model, what the run says of it, and the model that the message leads to. */
const MISTAKES: readonly {
  readonly mistake: string;
  readonly source: string;
  readonly first: StoreSpec;
  readonly says: RegExp;
  readonly mended?: StoreSpec;
  readonly mend?: string;
  /** Whether the batch began, so that the message of the mended run names reset-batch. */
  readonly began?: true;
}[] = [
  {
    mistake: "a column that the source does not have",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 1)`,
    first: storeOf([...columns, { name: "nmae", type: "text", nullable: false }]),
    says: /no column 'nmae'/,
    mended: storeOf(columns),
  },
  {
    mistake: "a table that the source does not have",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 1)`,
    first: storeOf(columns, { tables: { people: "persons" } }),
    says: /no table "public"."persons"; name it in the store's capture.tables/,
    mended: storeOf(columns),
  },
  {
    mistake: "a type that a value does not fit",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 12.34)`,
    first: storeOf([id, name, { ...amount, type: "smallint" }]),
    says: /1 values of column amount .* do not fit smallint; widen the column/,
    mended: storeOf(columns),
  },
  {
    mistake: "a type that the source's cannot become",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 12.34)`,
    first: storeOf([id, { ...name, type: "uuid" }, amount]),
    says: /column name \(character varying\(10\)\) does not fit uuid/,
    mended: storeOf(columns),
  },
  {
    mistake: "a column that is null after all",
    source: `${SOURCE}; INSERT INTO people VALUES (1, NULL, 1)`,
    first: storeOf(columns),
    says: /column name is null in a row of the source/,
    mended: storeOf([id, { ...name, nullable: true }, amount]),
    began: true,
  },
  {
    mistake: "a column that is null after all, mended in the source",
    source: `${SOURCE}; INSERT INTO people VALUES (1, NULL, 1)`,
    first: storeOf(columns),
    says: /mend the row \(WHERE "name" IS NULL\)/,
    mend: "UPDATE people SET name = 'x'",
    began: true,
  },
  {
    mistake: "a key that is none",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 1), (1, 'y', 2)`,
    first: storeOf(columns),
    says: /the key \(id\) occurs more than once in the source/,
    mended: storeOf([id, { ...name, key: true }, amount]),
    began: true,
  },
  {
    mistake: "no key, and rows that occur twice",
    source: `${SOURCE}; INSERT INTO people VALUES (1, 'x', 1), (2, 'x', 1)`,
    first: storeOf([name, amount]),
    says: /whole rows occur more than once, nothing was merged; name a key/,
    mended: storeOf(columns),
    began: true,
  },
  {
    mistake: "another consistency",
    source: `${SOURCE}; INSERT INTO people VALUES (1, NULL, 1)`,
    first: storeOf(columns),
    says: /column name is null/,
    mended: storeOf([id, { ...name, nullable: true }], { consistency: "SINGLE_DATASET" }),
  },
  {
    mistake: "columns too many",
    source: `${SOURCE}; INSERT INTO people VALUES (1, NULL, 1)`,
    first: storeOf(columns),
    says: /column name is null/,
    mended: storeOf([id]),
    began: true,
  },
];

describe.each(["YellowLive", "YellowForensic"] as const)("a mistake in a first model, on %s", (platform) => {
  it.each(MISTAKES)("has the way out that the message names: $mistake", async (each) => {
    const { source, first, says, mended = first, mend, began } = each;
    await world.source.query(source);
    world.model = modelOf({ Store1: first });
    await expect(world.ingest(platform)).rejects.toThrow(says);
    // The views of a deployment come between, and a second try of the same.
    await world.makeViews();
    await expect(world.ingest(platform)).rejects.toThrow(says);

    world.model = modelOf({ Store1: mended });
    if (mend) await world.source.query(mend);
    const rest = mended.consistency === "SINGLE_DATASET" ? { dataset: "people" } : {};
    if (began && !mend) {
      await expect(world.ingest(platform, "Store1", rest)).rejects.toThrow("reset-batch");
      await world.reset(platform, "Store1", rest);
    }
    expect(await world.ingest(platform, "Store1", rest)).toBe("done");
    await world.makeViews();
    const { live } = world.viewNames(platform, "Store1", "people");
    const [found, expected] = [
      await world.merge.query(`SELECT FROM ${live}`),
      await world.source.query("SELECT FROM people"),
    ];
    expect(found).toHaveLength(expected.length);
  });

  it("leaves nothing behind where the source cannot be ingested", async () => {
    await world.source.query(SOURCE);
    world.model = modelOf({ Store1: storeOf([...columns, { name: "nmae", type: "text" }]) });
    await expect(world.ingest(platform)).rejects.toThrow("no column 'nmae'");
    const names = Object.keys(await contentsOf(world.merge));
    expect(names.filter((each) => !each.includes("batch_"))).toEqual([]);
    expect(await world.metrics(platform)).toEqual([]);
  });
});
