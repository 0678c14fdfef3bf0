import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  areEqual,
  beginAnew,
  bothCaptures,
  openBoth,
  startLogicalPostgres,
  THINGS,
} from "../../../../../rigs/datasurface/changes";
import { modelOf, type World } from "../../../../../rigs/datasurface/datasurface";
import { createDatabase, type PostgresServer, sharedPostgres } from "../../../../../rigs/postgres/postgres";

const SOME = `INSERT INTO things (id, part, note, long) SELECT n, 'a', 'note', repeat('x', 3000) FROM generate_series(1, 10) AS n;
  INSERT INTO others SELECT n, 'one' FROM generate_series(1, 5) AS n`;
const BOTH = ["Store1", "Store2"] as const;

describe("a stream of changes", () => {
  let server: PostgresServer;
  let world: World;
  beforeAll(async () => {
    server = await startLogicalPostgres({ min_wal_size: "32MB", max_wal_size: "48MB" });
    world = await openBoth(server);
  });
  afterAll(async () => {
    await dropSlots();
    await world.close();
    await server.stop();
  });
  beforeEach(async () => {
    await dropSlots();
    world.model = modelOf(bothCaptures());
    await beginAnew(world);
    await world.source.query(SOME);
  });

  const slots = () =>
    world.source.query<{ name: string; confirmed: string }>(
      "SELECT slot_name AS name, confirmed_flush_lsn::text AS confirmed FROM pg_replication_slots ORDER BY 1",
    );
  const dropSlots = async () => {
    for (const { name } of await slots())
      await world.source.query("SELECT pg_drop_replication_slot($1)", [name]);
  };
  const both = async (rest = {}) => {
    for (const store of BOTH)
      expect(await world.ingest("YellowForensic", store, store === "Store1" ? rest : {})).toBe("done");
    await areEqual(world, "YellowForensic");
  };
  const state = async () => {
    const [row] = await world.merge.query<{ changes: { lsn: string; slot: string } }>(
      `SELECT state #> '{job_state,changes}' AS changes FROM yellowforensic_batch_metrics
       WHERE key = 'Store1' ORDER BY batch_id DESC LIMIT 1`,
    );
    return row?.changes;
  };

  it("lets the source forget what is merged, and nothing else", async () => {
    await both();
    await world.source.query("UPDATE things SET note = 'other' WHERE id < 4");
    await both();
    expect((await slots()).map(({ confirmed }) => confirmed)).toEqual([(await state())?.lsn]);
  });

  it("merges nothing twice when the slot was not advanced after the commit", async () => {
    await both();
    const [slot] = await slots();
    await world.source.query("SELECT pg_copy_logical_replication_slot($1, 'kept')", [slot?.name]);
    await world.source.query("DELETE FROM things WHERE id = 1; UPDATE things SET id = 11 WHERE id = 2");
    await both();
    // The slot as it was before the batch.
    await world.source.query("SELECT pg_drop_replication_slot($1)", [slot?.name]);
    await world.source.query("SELECT pg_copy_logical_replication_slot('kept', $1)", [slot?.name]);
    await world.source.query("INSERT INTO things (id, part) VALUES (1, 'a')");
    await both();
  });

  it("takes a long history in batches, and a transaction in one", async () => {
    await both();
    for (let n = 1; n <= 3; n++) await world.source.query(`UPDATE things SET note = 'turn ${n}'`);
    const ingest = () => world.ingest("YellowForensic", "Store1", { changesPerBatch: 5 });
    expect([await ingest(), await ingest(), await ingest(), await ingest()]).toEqual([
      "again",
      "again",
      "again",
      "done",
    ]);
    const updated = (await world.metrics("YellowForensic", "Store1")).map(
      ({ records_updated }) => records_updated,
    );
    expect(updated).toEqual([0, 10, 10, 10, 0]);
  });

  it("says what to do when the slot is gone, and keeps the history when it begins anew", async () => {
    await both();
    await world.source.query("DELETE FROM things WHERE id = 1");
    await both();
    await dropSlots();
    await world.source.query(
      "UPDATE things SET note = 'unseen' WHERE id = 2; DELETE FROM things WHERE id = 3",
    );
    await expect(world.ingest("YellowForensic", "Store1")).rejects.toThrow(
      /slot \w+ .* is gone, and with it the changes since .*nothing was merged; .*--store Store1 --from-snapshot/,
    );
    await both({ fromSnapshot: true });
    await world.source.query("UPDATE things SET note = 'seen' WHERE id = 2");
    await both();
    expect(await slots()).toHaveLength(1);
  });

  it("notices that another reader has taken changes", async () => {
    await both();
    await world.source.query("UPDATE things SET note = 'taken' WHERE id = 2");
    const [slot] = await slots();
    await world.source.query("SELECT pg_replication_slot_advance($1, pg_current_wal_flush_lsn())", [
      slot?.name,
    ]);
    await expect(world.ingest("YellowForensic", "Store1")).rejects.toThrow(/something else read or made it/);
  });

  it.each([
    ["a table that was written anew", "ALTER TABLE things ALTER note TYPE text USING upper(note)"],
    ["a partition with rows", "ALTER TABLE others DETACH PARTITION others_high"],
    [
      "a table of the same name",
      "ALTER TABLE others RENAME TO old; CREATE TABLE others (id integer PRIMARY KEY, kind kind NOT NULL); INSERT INTO others VALUES (9, 'two')",
    ],
    [
      "a publication that hid changes",
      "ALTER PUBLICATION trellis_store1 DROP TABLE things; DELETE FROM things WHERE id = 1; ALTER PUBLICATION trellis_store1 ADD TABLE things",
    ],
    ["a column of another type", "ALTER TABLE things ALTER amount TYPE numeric(12,2)"],
  ])("reads the source in whole after %s, which the log does not show", async (_, change) => {
    await both();
    await world.source.query(change);
    await both();
    await world.source.query(
      "UPDATE things SET note = 'later' WHERE id = 2; DELETE FROM others WHERE id = 1",
    );
    await both();
  });

  it("reads the source in whole when the model gets a column", async () => {
    await both();
    await world.source.query("UPDATE things SET unmodelled = 'x' WHERE id = 1");
    await both();
    world.model = modelOf(bothCaptures({}, [...THINGS, { name: "unmodelled", type: "text" }]));
    await both();
  });

  it("holds a batch that deletes too much, and deletes what was approved and no more", async () => {
    world.model = modelOf(bothCaptures({ deletions: { maxRows: 1 } }));
    await both();
    await world.source.query("DELETE FROM things WHERE id < 4");
    const held = await world.ingest("YellowForensic", "Store1").catch((error: Error) => error.message);
    const approval = /--approve-deletes (\d+-[0-9a-f]{16})/.exec(String(held))?.[1];
    expect(approval).toMatch(/^3-/);
    await world.source.query("DELETE FROM things WHERE id = 9");
    await world.ingest("YellowForensic", "Store1", { approved: approval });
    expect((await world.metrics("YellowForensic", "Store1")).at(-1)).toMatchObject({
      batch_id: 2,
      records_deleted: 3,
    });
    await world.ingest("YellowForensic", "Store1");
    expect((await world.metrics("YellowForensic", "Store1")).at(-1)).toMatchObject({
      batch_id: 3,
      records_deleted: 1,
    });
    await expect(world.ingest("YellowForensic", "Store1", { additionsOnly: true })).rejects.toThrow(
      /approve the deletions/,
    );
  });

  it("leaves no slot behind when the store is read by snapshots again", async () => {
    await both();
    world.model = modelOf(bothCaptures({ kind: "sql_snapshot" }));
    await world.source.query("UPDATE things SET note = 'by snapshot' WHERE id = 2");
    await both();
    expect(await slots()).toEqual([]);
    world.model = modelOf(bothCaptures());
    await both();
  });

  it.each([
    ["ALTER TABLE things REPLICA IDENTITY NOTHING", /replica identity lacks "id", "part" of the key/],
    [
      "ALTER TABLE things DROP CONSTRAINT things_pkey; ALTER TABLE things REPLICA IDENTITY FULL",
      /is not unique/,
    ],
    ["ALTER TABLE things SET UNLOGGED", /unlogged/],
    ["ALTER TABLE others RENAME TO base; CREATE VIEW others AS SELECT * FROM base", /is no table/],
    [
      "ALTER TABLE things ALTER amount TYPE text USING amount::text",
      /column amount is text in the source and numeric/,
    ],
    [
      "ALTER TABLE things DROP note, ADD note text GENERATED ALWAYS AS (part) STORED",
      /column note is generated/,
    ],
  ])("refuses what it could not follow exactly, and makes nothing: %s", async (change, why) => {
    await world.source.query(change);
    await expect(world.ingest("YellowForensic", "Store1")).rejects.toThrow(why);
    expect(await slots()).toEqual([]);
  });

  it("judges a publication that the model names, and makes none", async () => {
    world.model = modelOf(bothCaptures({ publication: "theirs" }));
    const ingest = () => world.ingest("YellowForensic", "Store1");
    await expect(ingest()).rejects.toThrow(
      /has no publication theirs .*CREATE PUBLICATION "theirs" FOR TABLE/,
    );
    await world.source.query(
      "CREATE PUBLICATION theirs FOR TABLE things WHERE (id > 3) WITH (publish = 'insert, update')",
    );
    await expect(ingest()).rejects.toThrow(
      /leaves out every DELETE[\s\S]*TRUNCATE[\s\S]*partitions[\s\S]*only some rows[\s\S]*lacks the table/,
    );
    expect(await slots()).toEqual([]);
    await world.source.query(
      "DROP PUBLICATION theirs; CREATE PUBLICATION theirs FOR TABLE things, others WITH (publish_via_partition_root)",
    );
    await both();
    await world.source.query("DROP PUBLICATION theirs");
  });

  it("says what a user without rights and a server without logical decoding lack", async () => {
    await world.source.query(`DROP PUBLICATION IF EXISTS trellis_store1; CREATE ROLE plain LOGIN PASSWORD 'postgres';
      GRANT USAGE ON SCHEMA public TO plain; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain`);
    const config = world.config("YellowForensic", "Store1");
    const as = { source: { ...config.source, user: "plain" } };
    await expect(world.ingest("YellowForensic", "Store1", as)).rejects.toThrow(
      /ALTER ROLE plain REPLICATION/,
    );
    await world.source.query("ALTER ROLE plain REPLICATION");
    await expect(world.ingest("YellowForensic", "Store1", as)).rejects.toThrow(
      /may not publish its tables: .*CREATE PUBLICATION/,
    );
    await world.source.query("DROP OWNED BY plain; DROP ROLE plain");

    const elsewhere = await createDatabase(sharedPostgres(), { label: "minimal" });
    const plain = new URL(elsewhere.url);
    const source = { ...config.source, port: Number(plain.port), database: elsewhere.name };
    await expect(world.ingest("YellowForensic", "Store1", { source })).rejects.toThrow(
      /wal_level is minimal: set wal_level = logical and restart/,
    );
    await elsewhere.drop();
  });

  it("does not take a slot that fell too far behind", async () => {
    await both();
    await world.source.query("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    await world.source.query("SELECT pg_reload_conf()");
    for (let turn = 0; turn < 3; turn++) {
      await world.source.query(
        "CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)",
      );
      await world.source.query("DROP TABLE filler");
      await world.source.query("SELECT pg_switch_wal()");
    }
    await world.source.query("CHECKPOINT");
    await expect(world.ingest("YellowForensic", "Store1")).rejects.toThrow(
      /max_slot_wal_keep_size.*--from-snapshot/,
    );
    await world.source.query("ALTER SYSTEM RESET max_slot_wal_keep_size");
    await world.source.query("SELECT pg_reload_conf()");
    await both({ fromSnapshot: true });
  });
});
