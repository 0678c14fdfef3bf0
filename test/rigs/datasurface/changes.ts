import fc from "fast-check";
import { expect } from "vitest";
import { type PostgresServer, startPostgres } from "../postgres/postgres";
import { type ColumnSpec, modelOf, type PlatformName, type StoreSpec, World } from "./datasurface";

export const PLATFORMS: readonly PlatformName[] = ["YellowLive", "YellowForensic"];

/** A server whose changes can be followed. */
export const startLogicalPostgres = (
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> =>
  startPostgres({
    // Decoding reads what is on disk: a transaction that does not wait for that may come with a later batch.
    settings: {
      wal_level: "logical",
      max_wal_senders: "20",
      max_replication_slots: "50",
      synchronous_commit: "on",
      ...settings,
    },
  });

export const THINGS: readonly ColumnSpec[] = [
  { name: "id", type: "numeric", key: true },
  { name: "part", type: "varchar(20)", key: true },
  { name: "note", type: "text" },
  { name: "long", type: "text" },
  { name: "ratio", type: "double precision" },
  { name: "at", type: "timestamptz" },
  { name: "span", type: "interval" },
  { name: "raw", type: "bytea" },
  { name: "tags", type: "text[]" },
  { name: "amount", type: "numeric" },
];
const OTHERS: readonly ColumnSpec[] = [
  { name: "id", type: "bigint", key: true },
  { name: "kind", type: "text", nullable: false },
];

/** Two stores with the same tables of the source: Store1 follows the changes, Store2 reads snapshots. */
export const bothCaptures = (rest: Partial<StoreSpec> = {}, things = THINGS) => ({
  Store1: {
    datasets: { things, others: OTHERS },
    kind: "sql_changes" as const,
    deletions: UNHELD,
    ...rest,
  },
  Store2: { datasets: { things, others: OTHERS }, deletions: UNHELD },
});

const UNHELD = { maxShare: 1, allowEmpty: true };

/** `long` is outside of the row, uncompressed; `ratio` and `kind` have narrower or other types than the model's. */
const SOURCE_TABLES = `
  CREATE TYPE kind AS ENUM ('one', 'two');
  CREATE TABLE things (id numeric, part varchar(20), note text, long text, ratio real, at timestamptz, span interval,
    raw bytea, tags text[], amount numeric, unmodelled text, PRIMARY KEY (id, part));
  ALTER TABLE things ALTER long SET STORAGE EXTERNAL;
  CREATE TABLE others (id integer PRIMARY KEY, kind kind NOT NULL) PARTITION BY RANGE (id);
  CREATE TABLE others_low PARTITION OF others FOR VALUES FROM (MINVALUE) TO (3);
  CREATE TABLE others_high PARTITION OF others FOR VALUES FROM (3) TO (MAXVALUE)`;

const text = fc
  .array(fc.constantFrom("", "a", "\t", "\n", "\r", "\\", "\\N", "'", '"', "ü", "日本", "😀", "null"), {
    maxLength: 6,
  })
  .map((pieces) => pieces.join(""));
const quoted = (value: string) => `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
const literal = fc.option(text.map(quoted), { nil: "NULL" });
const id = fc.constantFrom("1", "1.0", "1.00", "2", "3", "4", "5");
const part = fc.constantFrom("'a'", "'b'", "''");
const long = fc.integer({ min: 1, max: 9 }).map((digit) => `repeat('${digit}', ${2000 + digit})`);

const values = fc
  .tuple(
    literal,
    fc.oneof(long, literal),
    fc.constantFrom("0.1", "'-0'", "'NaN'", "3.4e38", "NULL"),
    fc.constantFrom("'2026-03-01 01:02:03.000001+05:30'", "'infinity'", "NULL"),
    fc.constantFrom("'1 mon'", "'30 days'", "'720:00:00'", "NULL"),
    fc.constantFrom("'\\x00ff5c'", "'\\x'", "NULL"),
    fc.constantFrom(`'{"a,b",NULL,"\\\\"}'`, "'{}'", "NULL"),
    fc.constantFrom("1", "1.0", "1.00", "'NaN'", "NULL"),
  )
  .map((each) => each.join(", "));

const statement = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(id, part, values)
      .map(([a, b, c]) => `INSERT INTO things VALUES (${a}, ${b}, ${c}) ON CONFLICT DO NOTHING`),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(id, literal).map(([a, note]) => `UPDATE things SET note = ${note} WHERE id = ${a}`),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, long).map(([a, value]) => `UPDATE things SET long = ${value} WHERE id = ${a}`),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, part, id, part).map(
      ([a, b, c, d]) => `UPDATE things SET id = ${a}, part = ${b} WHERE id = ${c} AND part = ${d}
      AND (NOT EXISTS (SELECT FROM things WHERE id = ${a} AND part = ${b}) OR (${a} = ${c} AND ${b} = ${d}))`,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, part).map(([a, b]) => `DELETE FROM things WHERE id = ${a} AND part = ${b}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("TRUNCATE things", "TRUNCATE others, things", "TRUNCATE others") },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom("one", "two"))
      .map(
        ([n, kind]) =>
          `INSERT INTO others VALUES (${n}, '${kind}') ON CONFLICT (id) DO UPDATE SET kind = excluded.kind`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 6 })
      .map(
        (n) =>
          `UPDATE others SET id = 7 - id WHERE id = ${n} AND NOT EXISTS (SELECT FROM others WHERE id = 7 - ${n})`,
      ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((n) => `DELETE FROM others WHERE id = ${n}`) },
  { weight: 1, arbitrary: fc.constant("ROLLBACK; BEGIN") },
);

/** What happens to the source before each batch: transactions of statements. */
export const sourceHistory = fc.array(
  fc.array(fc.array(statement, { minLength: 1, maxLength: 6 }), { maxLength: 3 }),
  {
    minLength: 2,
    maxLength: 5,
  },
);

export async function play(world: World, transactions: readonly (readonly string[])[]): Promise<void> {
  for (const statements of transactions) await world.source.query(`BEGIN; ${statements.join("; ")}; COMMIT`);
}

/** Forgets all batches, and makes the source's tables anew. */
export async function beginAnew(world: World): Promise<void> {
  for (const database of [world.merge, world.source])
    await database.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  await world.source.query(SOURCE_TABLES);
}

/** Both captures have the same rows, versions and counts in every batch. */
export async function areEqual(world: World, platform: PlatformName): Promise<void> {
  for (const dataset of ["things", "others"]) {
    const rows = (store: string) =>
      world.merge.query(`SELECT t::text AS row FROM ${platform}_${store}_${dataset}_merge AS t ORDER BY 1`);
    expect({ platform, dataset, rows: await rows("store1") }).toEqual({
      platform,
      dataset,
      rows: await rows("store2"),
    });
  }
  expect(await world.metrics(platform, "Store1")).toEqual(await world.metrics(platform, "Store2"));
}

export const openBoth = async (server: PostgresServer, rest: Partial<StoreSpec> = {}): Promise<World> =>
  World.open(modelOf(bothCaptures(rest)), server);
