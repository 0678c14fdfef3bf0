import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ColumnSpec, modelFrom, World } from "../../../../rigs/datasurface/datasurface";
import { KEY, maskedModel } from "../../../../rigs/datasurface/masked";
import { type PostgresServer, sharedPostgres, startPostgres } from "../../../../rigs/postgres/postgres";

const RUNS = 3;
const PLATFORMS = ["YellowLive", "YellowForensic"] as const;
const SECRET = "SECRET";

/** Types that join with each other, and values that are equal across them. */
const NUMBERS = {
  types: ["integer", "bigint", "numeric", "numeric(12,2)"],
  values: ["0", "-1", "1", "7", "42", "2147483647"],
};
const TEXTS = {
  types: ["varchar(20)", "text", "char(8)"],
  values: ["a", "A", "é", "e\u0301", "日本", "😀", "'", "\\", '"', "a b", "null", "a,b"],
};

/** Two tables of which one refers to the other, by columns of two types, with rows that are their neighbours' in part. */
const joined = fc.constantFrom(NUMBERS, TEXTS).chain(({ types, values }) =>
  fc.record({
    id: fc.constantFrom(...types),
    reference: fc.constantFrom(...types),
    people: fc.uniqueArray(fc.constantFrom(...values), { maxLength: 6 }),
    orders: fc.array(fc.option(fc.constantFrom(...values), { freq: 5 }), { maxLength: 8 }),
    gone: fc.nat({ max: 5 }),
  }),
);

let merge: PostgresServer;
let world: World;

beforeAll(async () => {
  // The log of a server of its own, which a statement can read.
  merge = await startPostgres({
    settings: { logging_collector: "on", log_rotation_size: "0", log_min_messages: "warning" },
  });
  world = await World.open(modelOf("s0", "text", "text"), merge, sharedPostgres());
});
afterAll(async () => {
  await world.close();
  await merge.stop();
});

function modelOf(store: string, id: string, reference: string) {
  const column = (name: string, type: string, key = false): ColumnSpec => ({ name, type, key });
  const people = [
    column("id", id, true),
    column("name", "text"),
    column("phone", "varchar(40)"),
    column("born", "date"),
  ];
  const orders = [column("number", "integer", true), column("person", reference), column("note", "text")];
  return modelFrom(
    maskedModel({
      stores: { [store]: { schema: store, datasets: { people, orders } } },
      transformer: {
        name: `masked_${store}`,
        from: store,
        key: "people_key",
        datasets: [
          {
            name: "people",
            columns: { id: "token", name: "hash", phone: "redact", born: { shift: { by: "id", days: 7 } } },
          },
          { name: "orders", columns: { number: "keep", person: "token" } },
        ],
      },
    }),
  );
}

/** How often each number of people met each number of orders. */
const joinOf = async (base: string, where = "true") =>
  world.merge.query(
    `SELECT p.people, o.orders, o.numbers FROM (SELECT id, count(*) AS people FROM ${base}_people_merge WHERE ${where} GROUP BY id) AS p
     FULL JOIN (SELECT person, count(*) AS orders, array_agg(number ORDER BY number) AS numbers FROM ${base}_orders_merge
       WHERE ${where} GROUP BY person) AS o ON p.id = o.person ORDER BY 1, 2, 3`,
  );

/** All text that the merge database keeps about a copy: its rows, staged and merged, its batches and its statistics. */
async function kept(store: string): Promise<string> {
  const tables = await world.merge.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ $1",
    [`^yellow(live|forensic)_masked_${store}_`],
  );
  expect(tables.length).toBeGreaterThanOrEqual(4);
  const found: unknown[] = [];
  for (const { name } of tables) {
    await world.merge.query(`ANALYZE ${name}`);
    found.push(await world.merge.query(`SELECT t::text FROM ${name} AS t`));
    found.push(await world.merge.query("SELECT s::text FROM pg_stats AS s WHERE tablename = $1", [name]));
  }
  for (const platform of PLATFORMS)
    found.push(
      await world.merge.query(`SELECT m::text FROM ${platform}_batch_metrics AS m WHERE key <> $1`, [store]),
    );
  return JSON.stringify(found);
}

async function fill(
  store: string,
  {
    id,
    reference,
    people,
    orders,
  }: { id: string; reference: string; people: readonly string[]; orders: readonly (string | null)[] },
) {
  await world.source.query(`
    CREATE SCHEMA ${store};
    CREATE TABLE ${store}.people (id ${id} PRIMARY KEY, name text, phone varchar(40), born date);
    CREATE TABLE ${store}.orders (number integer PRIMARY KEY, person ${reference}, note text)`);
  for (const [index, value] of people.entries()) {
    await world.source.query(
      `INSERT INTO ${store}.people VALUES ($1::text::${id}, $2::text, $2::text, '1902-02-02') ON CONFLICT DO NOTHING`,
      [value, `${SECRET}${index}`],
    );
  }
  for (const [index, value] of orders.entries()) {
    await world.source.query(`INSERT INTO ${store}.orders VALUES ($1, $2::text::${reference}, $3)`, [
      index,
      value,
      SECRET,
    ]);
  }
}

describe("a masked copy", () => {
  it("joins as its original does, whatever the types, and never holds a clear value", async () => {
    let stores = 0;
    await fc.assert(
      fc.asyncProperty(joined, async (history) => {
        const store = `s${++stores}`;
        world.model = modelOf(store, history.id, history.reference);
        await fill(store, history);
        for (const platform of PLATFORMS) {
          const open = platform === "YellowLive" ? "true" : "ds_surf_batch_out = 2147483647";
          const same = async () => {
            await world.ingest(platform, store);
            await world.transform(platform, `masked_${store}`, { maskKey: KEY });
            const base = platform.toLowerCase();
            expect(await joinOf(`${base}_masked_${store}`, open)).toEqual(
              await joinOf(`${base}_${store}`, open),
            );
          };
          await same();
          await world.source.query(`DELETE FROM ${store}.orders WHERE number % 6 = ${history.gone}`);
          await same();
        }
        const all = await kept(store);
        expect(all).not.toContain(SECRET);
        expect(all).not.toContain("1902-02-02");
      }),
      { numRuns: RUNS },
    );
  });

  it("is never shown in clear by an error or the server's log, and neither is its key", async () => {
    const logged = ["log_statement = 'all'", "log_min_duration_statement = 0"];
    for (const setting of logged)
      await world.merge.query(`ALTER DATABASE ${world.merge.name} SET ${setting}`);
    world.model = modelOf("refused", "text", "text");
    await fill("refused", {
      id: "text",
      reference: "text",
      people: [`${SECRET}1`, `${SECRET}2`],
      orders: [`${SECRET}1`],
    });
    await world.ingest("YellowLive", "refused");
    await world.transform("YellowLive", "masked_refused", { maskKey: KEY });
    await world.merge.query(
      "ALTER TABLE yellowlive_masked_refused_people_merge ADD CHECK (length(name) < 3) NOT VALID",
    );
    await world.source.query("UPDATE refused.people SET name = name || 'x'");
    await world.ingest("YellowLive", "refused");
    const error = await world.transform("YellowLive", "masked_refused", { maskKey: KEY }).then(
      () => undefined,
      (reason: unknown) => reason as Error & { detail?: string }, // the server's error, as pg has it
    );
    expect(error?.message).toContain("violates check constraint");

    const [log] = await world.merge.query<{ text: string }>(
      "SELECT pg_read_file(pg_current_logfile()) AS text",
    );
    expect(log?.text).toContain("COPY (SELECT encode(sha256(");
    expect(log?.text).toContain("Failing row contains");
    const shown = JSON.stringify([error, String(error?.cause), log?.text]);
    const block = createHash("sha256").update(KEY).digest(); // HMAC hashes a key that is longer than a block
    const pads = [0x36, 0x5c].map((pad) => Buffer.from(block.map((byte) => byte ^ pad)).toString("hex"));
    for (const secret of [SECRET, KEY.slice(0, 16), ...pads]) expect(shown).not.toContain(secret);
  });
});
