import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { status } from "../../../../../jobs/datasurface/status";
import {
  addressOf,
  modelFrom,
  type StoreSpec,
  UNGUARDED,
  World,
} from "../../../../rigs/datasurface/datasurface";
import {
  hashOf,
  KEY,
  maskedModel,
  offsetOf,
  type TransformerSpec,
  tokenOf,
} from "../../../../rigs/datasurface/masked";

const STORES: Record<string, StoreSpec> = {
  Store1: {
    datasets: {
      people: [
        { name: "id", type: "integer", key: true },
        { name: "name", type: "varchar(20)", nullable: false },
        { name: "born", type: "date" },
        { name: "email", type: "text" },
        { name: "town", type: "text" },
      ],
      orders: [
        { name: "number", type: "bigint", key: true },
        { name: "person", type: "numeric" },
        { name: "at", type: "timestamptz" },
        { name: "note", type: "text" },
      ],
    },
  },
};

const people = {
  id: "token",
  name: "redact",
  born: { shift: { by: "id", days: 30 } },
  email: "hash",
  town: "keep",
};
const orders = { number: "hash", person: "token", at: { shift: { by: "person", days: 30 } } };

const maskOf = (changed: Partial<TransformerSpec> = {}) =>
  modelFrom(
    maskedModel({
      stores: STORES,
      transformer: {
        name: "Masked1",
        from: "Store1",
        key: "people_key",
        datasets: [
          { name: "people", columns: people },
          { name: "purchases", from: "orders", columns: orders },
        ],
        ...changed,
      },
    }),
  );

let world: World;
beforeEach(async () => {
  world = await World.open(maskOf());
  await world.source.query(`
    CREATE TABLE people (id integer PRIMARY KEY, name varchar(20), born date, email text, town text);
    CREATE TABLE orders (number bigint PRIMARY KEY, person numeric, at timestamptz, note text);
    INSERT INTO people VALUES (1, 'Clear Ada', '1990-01-15', 'ada@clear.example', 'Ulm'),
      (2, 'Clear Bob', NULL, NULL, NULL), (3, 'Clear Cy', 'infinity', 'cy@clear.example', 'Ulm');
    INSERT INTO orders VALUES (10, 1, '2026-03-28 12:00+00', 'clear note'), (11, 1.0, '2026-03-29 12:00+00', NULL),
      (12, 2.00, NULL, 'clear note'), (13, NULL, '2026-01-01 00:00+00', NULL)`);
});
afterEach(() => world.close());

const both = ["YellowLive", "YellowForensic"] as const;
const transform = (platform: (typeof both)[number], rest = {}) =>
  world.transform(platform, "Masked1", { maskKey: KEY, ...rest });

const moved = (date: string, person: string) => {
  const at = new Date(date);
  at.setUTCDate(at.getUTCDate() + offsetOf(person, 30));
  return at.toISOString();
};

describe("a masked copy", () => {
  it("has what its definition says, by another implementation of HMAC, in tables of its own", async () => {
    for (const platform of both) {
      await world.ingest(platform);
      expect(await transform(platform)).toBe("done");
      const base = `${platform.toLowerCase()}_masked1`;
      const found = await world.merge.query(
        `SELECT id, name, born::text AS born, email, town FROM ${base}_people_merge`,
      );
      expect(new Set(found)).toEqual(
        new Set([
          {
            id: tokenOf("1"),
            name: "redacted",
            born: moved("1990-01-15", "1").slice(0, 10),
            email: hashOf("Store1.people.email", "ada@clear.example"),
            town: "Ulm",
          },
          { id: tokenOf("2"), name: "redacted", born: null, email: null, town: null },
          {
            id: tokenOf("3"),
            name: "redacted",
            born: "infinity",
            email: hashOf("Store1.people.email", "cy@clear.example"),
            town: "Ulm",
          },
        ]),
      );
      const bought = await world.merge.query<{ number: string; person: string | null; at: Date | null }>(
        `SELECT number, person, at FROM ${base}_purchases_merge`,
      );
      const order = (number: string) =>
        bought.find((each) => each.number === hashOf("Store1.orders.number", number));
      expect(order("10")).toMatchObject({
        person: tokenOf("1"),
        at: new Date(moved("2026-03-28T12:00Z", "1")),
      });
      expect(order("11")).toMatchObject({
        person: tokenOf("1"),
        at: new Date(moved("2026-03-29T12:00Z", "1")),
      });
      expect(order("12")).toMatchObject({ person: tokenOf("2"), at: null });
      expect(order("13")).toMatchObject({ person: null, at: null });
      expect(bought).toHaveLength(4);
    }
  });

  it("follows its original batch by batch, with counts, history, views and its lineage", async () => {
    const step = async (sql: string) => {
      await world.source.query(sql);
      for (const platform of both) {
        await world.ingest(platform);
        await transform(platform);
      }
    };
    await step("");
    await step("UPDATE people SET town = 'Bonn' WHERE id = 1; DELETE FROM people WHERE id = 3");
    await step("UPDATE orders SET note = 'another'"); // the copy has no such column
    await world.makeViews();

    const counted = (await world.metrics("YellowForensic", "Masked1")).map(
      ({ keys_new, records_updated, records_deleted, unchanged }) => [
        keys_new,
        records_updated,
        records_deleted,
        unchanged,
      ],
    );
    expect(counted).toEqual([
      [7, 0, 0, 0],
      [0, 1, 1, 5],
      [0, 0, 0, 6],
    ]);
    const towns = async (relation: string) =>
      (await world.merge.query<{ town: string | null }>(`SELECT town FROM ${relation} ORDER BY town`)).map(
        ({ town }) => town,
      );
    expect(await towns("yellowforensic_masked_forensicdsg_masked1_people_asof(1)")).toEqual([
      "Ulm",
      "Ulm",
      null,
    ]);
    expect(await towns("yellowforensic_masked_forensicdsg_masked1_people_asof(2)")).toEqual(["Bonn", null]);
    expect(await towns("yellowlive_masked_livedsg_masked1_people_view_live")).toEqual(["Bonn", null]);

    let printed = "";
    const context = { ...world.context, print: (text: string) => (printed = text) };
    await status({ platform: "YellowLive", merge: addressOf(world.merge), json: true }, world.model, context);
    const { streams } = JSON.parse(printed) as { streams: { stream: string; madeFrom?: unknown }[] }; // status' own form
    expect(streams.map(({ stream, madeFrom }) => [stream, madeFrom])).toEqual([
      ["Store1", undefined],
      ["Masked1", { stream: "Store1", batch: 3 }],
    ]);
  });

  it("is read by the readers of its workspace alone, and no more by one who has left", async () => {
    const reader = `reader_of_${world.merge.name}`;
    await world.merge.query(`CREATE ROLE ${reader}`);
    const transformer: TransformerSpec = {
      ...{
        name: "Masked1",
        from: "Store1",
        key: "people_key",
        datasets: [{ name: "people", columns: people }],
      },
    };
    await world.ingest("YellowLive");
    const mayRead = async (readers: readonly string[]) => {
      world.model = modelFrom(maskedModel({ stores: STORES, transformer, readers: { copy: readers } }));
      await world.makeViews();
      const view = "yellowlive_masked_livedsg_masked1_people_view_live";
      return world.merge.query(`SELECT has_table_privilege($1, $2, 'SELECT') AS may`, [reader, view]);
    };
    expect(await mayRead([reader])).toEqual([{ may: true }]);
    expect(await mayRead([])).toEqual([{ may: false }]);
    await world.merge.query(`DROP OWNED BY ${reader}`);
    await world.merge.query(`DROP ROLE ${reader}`);
  });

  it("waits for the first batch of its original, and makes none before", async () => {
    expect(await transform("YellowLive")).toBe("done");
    expect(await world.metrics("YellowLive", "Masked1")).toEqual([]);
    await world.ingest("YellowLive");
    await transform("YellowLive");
    expect(await world.metrics("YellowLive", "Masked1")).toMatchObject([{ total_records: 7 }]);
  });

  it("has a stream for each dataset where its original has, each with the batches of its own original", async () => {
    const { Store1 } = STORES;
    if (!Store1) throw new Error("there is a store");
    const stores = { Store1: { ...Store1, consistency: "SINGLE_DATASET" as const } };
    const datasets = [
      { name: "persons", from: "people", columns: people },
      { name: "purchases", from: "orders", columns: orders },
    ];
    world.model = modelFrom(
      maskedModel({ stores, transformer: { name: "Masked1", from: "Store1", key: "people_key", datasets } }),
    );
    await world.ingest("YellowForensic", "Store1", { dataset: "orders" });
    expect(await transform("YellowForensic", { dataset: "persons" })).toBe("done");
    expect(await transform("YellowForensic", { dataset: "purchases" })).toBe("done");
    expect(await world.metrics("YellowForensic", "Masked1#persons")).toEqual([]);
    expect(await world.metrics("YellowForensic", "Masked1#purchases")).toMatchObject([{ total_records: 4 }]);
  });

  it("holds deletions back: another key changes every key, and a person decides", async () => {
    world.model = maskOf({ deletions: { maxShare: 0.5 } });
    await world.ingest("YellowLive");
    await transform("YellowLive");
    const other = { maskKey: `another ${KEY}` };
    const held = await transform("YellowLive", other).then(
      () => "",
      (error: Error) => error.message,
    );
    const [, approved] = /--approve-deletes (\d+-[0-9a-f]{16})/.exec(held) ?? [];
    expect(held).toContain("people: 3 of 3 open rows would be deleted");
    expect(await transform("YellowLive", { ...other, approved })).toBe("done");
    const rows = await world.merge.query("SELECT id FROM yellowlive_masked1_people_merge");
    expect(rows).toContainEqual({ id: tokenOf("1", other.maskKey) });
  });

  it("reads anew what was staged under another mask", async () => {
    const clear = maskOf({ datasets: [{ name: "people", columns: { ...people, email: "keep" } }] });
    world.model = clear;
    await world.ingest("YellowLive");
    expect(await transform("YellowLive", { maxSeconds: 0 })).toBe("again");
    world.model = maskOf({ datasets: [{ name: "people", columns: people }] });
    expect(await transform("YellowLive")).toBe("done");
    const found = await world.merge.query(
      "SELECT email FROM yellowlive_masked1_people_merge WHERE email IS NOT NULL",
    );
    expect(found).toContainEqual({ email: hashOf("Store1.people.email", "ada@clear.example") });
    expect(found).not.toContainEqual({ email: "ada@clear.example" });
  });
});

describe("a transformer is refused, and nothing is changed,", () => {
  it("without its key", async () => {
    await world.ingest("YellowLive");
    await expect(world.transform("YellowLive", "Masked1")).rejects.toThrow(
      "MASK_KEY is required: Masked1 is masked with the secret key people_key",
    );
  });

  it("by the verb for sources, and a source by the verb for transformers", async () => {
    await expect(world.ingest("YellowLive", "Masked1")).rejects.toThrow(
      /jobs datasurface transform .*Masked1/,
    );
    await expect(world.transform("YellowLive", "Store1")).rejects.toThrow(/jobs datasurface ingest .*Store1/);
  });

  it("for a column that its original does not have yet", async () => {
    await world.ingest("YellowLive");
    const more = {
      Store1: {
        datasets: { people: [...(STORES.Store1?.datasets.people ?? []), { name: "phone", type: "text" }] },
      },
    };
    const transformer = {
      name: "Masked1",
      from: "Store1",
      key: "people_key",
      datasets: [{ name: "people", columns: people }],
    };
    world.model = modelFrom(maskedModel({ stores: more, transformer }));
    await expect(transform("YellowLive")).rejects.toThrow(
      /column phone of .* is not yet there; run the stream Store1 first/,
    );
  });

  it("where history shows in clear what would be masked from now on", async () => {
    const kept = maskOf({ datasets: [{ name: "people", columns: { ...people, email: "keep" } }] });
    for (const platform of both) {
      world.model = kept;
      await world.ingest(platform);
      await transform(platform);
      world.model = maskOf({ datasets: [{ name: "people", columns: people }] });
      await expect(transform(platform)).rejects.toThrow(/column email was copied in clear/);
    }
  });

  it("where a column that was granted masked would be in clear from now on", async () => {
    await world.ingest("YellowLive");
    await transform("YellowLive");
    const datasets = [
      { name: "people", columns: { ...people, email: "keep" } },
      { name: "purchases", from: "orders", columns: orders },
    ];
    world.model = maskOf({ datasets });
    await expect(transform("YellowLive")).rejects.toThrow(/column email was masked, and would be in clear/);
  });

  it("where the table holds rows of a source, which would show in its history", async () => {
    const columns = [
      { name: "id", type: "text", key: true },
      { name: "town", type: "text" },
    ];
    await world.source.query(
      "CREATE TABLE residents (id text, town text); INSERT INTO residents VALUES ('x', 'Ulm')",
    );
    const spec = { datasets: { people: columns }, tables: { people: "residents" }, deletions: UNGUARDED };
    const before = { ...STORES, Masked1: spec };
    world.model = modelFrom(
      maskedModel({
        stores: before,
        transformer: {
          name: "Other",
          from: "Store1",
          datasets: [{ name: "people", columns: { id: "keep" } }],
        },
      }),
    );
    await world.ingest("YellowForensic", "Masked1");
    await world.ingest("YellowForensic", "Store1");
    const short = { id: "token", town: "keep" };
    world.model = maskOf({ datasets: [{ name: "people", columns: short }] });
    await expect(transform("YellowForensic")).rejects.toThrow(
      "its history was read from a source, and the model has it made from Store1/people",
    );
  });
});
