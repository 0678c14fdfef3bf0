import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { infrastructure } from "../../../../../../jobs/datasurface/infrastructure";
import { JobError } from "../../../../../../jobs/shared";
import { contentsOf } from "../../../../../rigs/datasurface/contents";
import {
  addressOf,
  ecosystemOf,
  modelFrom,
  modelOf,
  type StoreSpec,
  UNGUARDED,
  World,
} from "../../../../../rigs/datasurface/datasurface";

const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];
const MULTI: StoreSpec = { datasets: { people: columns, places: columns }, deletions: UNGUARDED };
const SINGLE: StoreSpec = { ...MULTI, consistency: "SINGLE_DATASET" };
const PEOPLE = { dataset: "people" };

let world: World;
beforeEach(async () => {
  world = await World.open(modelOf({ Store1: MULTI }));
  await world.source.query(`
    CREATE TABLE people (id integer PRIMARY KEY, name text); CREATE TABLE places (id integer PRIMARY KEY, name text);
    INSERT INTO people VALUES (1, 'billy'), (2, 'laura'); INSERT INTO places VALUES (1, 'here')`);
});
afterEach(() => world.close());

const maintain = (platform = "YellowForensic", dropUnused = false) =>
  infrastructure({ platform, merge: addressOf(world.merge), dropUnused }, world.model, world.context);

/** Expects work to be refused by name, with nothing changed; answers the message. */
async function refused(work: () => Promise<unknown>): Promise<string> {
  const before = await contentsOf(world.merge);
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(JobError);
  expect(await contentsOf(world.merge)).toEqual(before);
  return (error as JobError).message; // expected above
}

/** Two batches of history, with one changed row, and the views. */
async function history(rest: { dataset?: string } = {}): Promise<void> {
  await world.ingest("YellowForensic", "Store1", rest);
  await world.source.query("UPDATE people SET name = 'william' WHERE id = 1");
  await world.ingest("YellowForensic", "Store1", rest);
  await maintain();
}

const asOf = async (batch: number, store = "Store1") => {
  const { asOf: name } = world.viewNames("YellowForensic", store, "people");
  const rows = await world.merge.query<{ name: string }>(`SELECT name FROM ${name}(${batch}) ORDER BY id`);
  return rows.map(({ name }) => name);
};

describe("a store whose consistency changes", () => {
  it.each([
    ["MULTI_DATASET", "SINGLE_DATASET", MULTI, SINGLE, {}, PEOPLE],
    ["SINGLE_DATASET", "MULTI_DATASET", SINGLE, MULTI, PEOPLE, {}],
  ] as const)(
    "is refused by name, from %s to %s, until it is back",
    async (from, to, first, second, before, after) => {
      world.model = modelOf({ Store1: first });
      await history(before);

      world.model = modelOf({ Store1: second });
      const message = await refused(() => world.ingest("YellowForensic", "Store1", after));
      expect(message).toContain(`the consistency of Store1 was ${from} and is ${to}`);
      expect(message).toContain("another name");
      expect(await refused(() => maintain())).toContain(`was ${from} and is ${to}`);
      expect(await refused(() => maintain("YellowForensic", true))).toContain(`was ${from} and is ${to}`);
      expect([await asOf(1), await asOf(2)]).toEqual([
        ["billy", "laura"],
        ["william", "laura"],
      ]);

      world.model = modelOf({ Store1: first });
      await world.source.query("DELETE FROM people WHERE id = 2");
      expect(await world.ingest("YellowForensic", "Store1", before)).toBe("done");
      expect([await asOf(2), await asOf(3)]).toEqual([["william", "laura"], ["william"]]);
    },
  );

  it("begins anew under another name, beside the history of the first", async () => {
    await history();
    world.model = modelOf({ Store1: MULTI, Store2: SINGLE });
    expect(await world.ingest("YellowForensic", "Store2", PEOPLE)).toBe("done");
    expect(await world.ingest("YellowForensic", "Store2", { dataset: "places" })).toBe("done");
    await maintain();
    expect(await asOf(1, "Store2")).toEqual(["william", "laura"]);
    expect(await asOf(1)).toEqual(["billy", "laura"]);
  });

  it("is carried through while nothing was merged", async () => {
    await world.ingest("YellowForensic", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    world.model = modelOf({ Store1: SINGLE });
    expect(await world.ingest("YellowForensic", "Store1", PEOPLE)).toBe("done");
    await maintain("YellowForensic", true);
    expect(await asOf(1)).toEqual(["billy", "laura"]);
    expect(await world.metrics("YellowForensic")).toEqual([]);
  });
});

describe("a name that leads to the tables of another stream", () => {
  it.each([
    ["a store in another case", "store1", { ...MULTI }],
    [
      "a store and a dataset that divide the same words elsewhere",
      "Store1_people",
      { ...MULTI, datasets: { x: columns } },
    ],
  ])("is refused: %s", async (_, store, spec: StoreSpec) => {
    world.model = modelOf({ Store1: { ...MULTI, datasets: { people: columns, people_x: columns } } });
    await world.source.query(
      "CREATE TABLE people_x AS SELECT * FROM people; CREATE TABLE x AS SELECT * FROM people",
    );
    await history();
    world.model = modelOf({ [store]: spec });
    const message = await refused(() => world.ingest("YellowForensic", store));
    expect(message).toContain("holds the history of");
    expect(message).toContain("Store1");
    await refused(() => maintain("YellowForensic", true));
  });
});

describe("a platform whose milestoning changes", () => {
  const OTHER: Readonly<Record<string, string>> = {
    LIVE_ONLY: "FORENSIC",
    FORENSIC: "LIVE_ONLY",
    live_only: "batch_milestoned",
    batch_milestoned: "live_only",
  };
  const swapped = () => {
    const text = JSON.stringify(ecosystemOf({ Store1: MULTI }));
    return modelFrom(
      JSON.parse(
        text.replaceAll(/"(\w+)"/g, (quoted, word: string) => (OTHER[word] ? `"${OTHER[word]}"` : quoted)),
      ),
    );
  };

  it("is refused by name in both directions, and by the daily work", async () => {
    await world.ingest("YellowLive");
    await history();
    world.model = swapped();
    expect(await refused(() => world.ingest("YellowForensic"))).toContain(
      "the milestoning of YellowForensic was batch_milestoned and is live_only",
    );
    expect(await refused(() => world.ingest("YellowLive"))).toContain(
      "the milestoning of YellowLive was live_only and is batch_milestoned",
    );
    expect(await refused(() => maintain())).toContain("another name");
    expect(await asOf(1)).toEqual(["billy", "laura"]);
  });

  it("begins anew under another name", async () => {
    await history();
    const renamed = ecosystemOf({ Store1: MULTI });
    world.model = modelFrom(JSON.parse(JSON.stringify(renamed).replaceAll("YellowForensic", "Purple")));
    expect(await world.ingest("Purple" as "YellowLive")).toBe("done"); // the model has it
    expect(await asOf(1)).toEqual(["billy", "laura"]);
  });

  it("is carried through while nothing was merged, and the views follow", async () => {
    await maintain("YellowForensic");
    await maintain("YellowLive");
    world.model = swapped();
    for (const platform of ["YellowLive", "YellowForensic"] as const) {
      await maintain(platform);
      expect(await world.ingest(platform)).toBe("done");
    }
    expect(
      await world.merge.query("SELECT DISTINCT ds_surf_batch_in FROM yellowlive_store1_people_merge"),
    ).toEqual([{ ds_surf_batch_in: 1 }]);
  });
});

describe("a table under a view that is not ours", () => {
  it("follows the model once the view that the message names is dropped", async () => {
    await history();
    await world.merge.query("CREATE VIEW somebodys AS SELECT name FROM yellowforensic_store1_people_merge");
    const wider = [
      { name: "id", type: "bigint", key: true },
      { name: "name", type: "text" },
    ];
    world.model = modelOf({ Store1: { ...MULTI, datasets: { people: wider, places: columns } } });
    await world.merge.query(
      "CREATE OR REPLACE VIEW somebodys AS SELECT name, id FROM yellowforensic_store1_people_merge",
    );
    expect(await refused(() => world.ingest("YellowForensic"))).toContain("somebodys");
    await world.merge.query("DROP VIEW somebodys");
    expect(await world.ingest("YellowForensic")).toBe("done");
    expect(await asOf(1)).toEqual(["billy", "laura"]);
  });
});
