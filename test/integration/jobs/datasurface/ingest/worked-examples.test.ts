import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelOf, World } from "../../../../rigs/datasurface/datasurface";

const PEOPLE = {
  Store1: {
    datasets: {
      people: [
        { name: "id", type: "varchar(20)", key: true },
        { name: "name", type: "varchar(100)" },
      ],
    },
  },
};

let world: World;
beforeEach(async () => {
  world = await World.open(modelOf(PEOPLE));
  await world.source.query("CREATE TABLE people (id varchar(20) PRIMARY KEY, name varchar(100))");
});
afterEach(() => world.close());

const LIVE = "yellowlive_store1_people_merge";
const FORENSIC = "yellowforensic_store1_people_merge";

describe("a live merge", () => {
  it("keeps the batch that last touched each row: empty, five rows, a change and a deletion, a return, nothing", async () => {
    const rows = async () => {
      await world.ingest("YellowLive");
      const found = await world.merge.query<{ id: string; batch: number }>(
        `SELECT id, ds_surf_batch_id AS batch FROM ${LIVE} ORDER BY id`,
      );
      return Object.fromEntries(found.map(({ id, batch }) => [id, batch]));
    };

    expect(await rows()).toEqual({});

    await world.source.query(
      "INSERT INTO people SELECT 'p' || n, 'name ' || n FROM generate_series(1, 5) AS n",
    );
    expect(await rows()).toEqual({ p1: 2, p2: 2, p3: 2, p4: 2, p5: 2 });

    await world.source.query("UPDATE people SET name = 'changed' WHERE id = 'p1'");
    await world.source.query("DELETE FROM people WHERE id = 'p5'");
    expect(await rows()).toEqual({ p1: 3, p2: 2, p3: 2, p4: 2 });

    await world.source.query("INSERT INTO people VALUES ('p5', 'back again')");
    expect(await rows()).toEqual({ p1: 3, p2: 2, p3: 2, p4: 2, p5: 4 });
    expect(await rows()).toEqual({ p1: 3, p2: 2, p3: 2, p4: 2, p5: 4 });

    const zero = { keys_new: 0, records_inserted: 0, records_updated: 0, records_deleted: 0, unchanged: 0 };
    expect(await world.metrics("YellowLive")).toEqual([
      { ...zero, batch_id: 1, batch_status: "committed", total_records: 0 },
      { ...zero, batch_id: 2, batch_status: "committed", keys_new: 5, records_inserted: 5, total_records: 5 },
      {
        ...zero,
        batch_id: 3,
        batch_status: "committed",
        records_updated: 1,
        records_deleted: 1,
        unchanged: 3,
        total_records: 4,
      },
      {
        ...zero,
        batch_id: 4,
        batch_status: "committed",
        keys_new: 1,
        records_inserted: 1,
        unchanged: 4,
        total_records: 5,
      },
      { ...zero, batch_id: 5, batch_status: "committed", unchanged: 5, total_records: 5 },
    ]);
  });
});

describe("a forensic merge", () => {
  const versions = () =>
    world.merge.query(
      `SELECT id, name, ds_surf_batch_in AS "in", nullif(ds_surf_batch_out, 2147483647) AS out
       FROM ${FORENSIC} ORDER BY id, ds_surf_batch_in`,
    );

  it("keeps every version between the batches in which it was true, with a gap where the key was gone", async () => {
    await world.source.query("INSERT INTO people VALUES ('id1', 'billy')");
    await world.ingest("YellowForensic");
    await world.source.query("INSERT INTO people VALUES ('id2', 'laura')");
    await world.ingest("YellowForensic");
    await world.source.query("UPDATE people SET name = 'william' WHERE id = 'id1'");
    await world.ingest("YellowForensic");
    await world.source.query("DELETE FROM people WHERE id = 'id1'");
    await world.ingest("YellowForensic");
    await world.source.query("INSERT INTO people VALUES ('id1', 'billy')");
    await world.ingest("YellowForensic");

    expect(await versions()).toEqual([
      { id: "id1", name: "billy", in: 1, out: 2 },
      { id: "id1", name: "william", in: 3, out: 3 },
      { id: "id1", name: "billy", in: 5, out: null },
      { id: "id2", name: "laura", in: 2, out: null },
    ]);
  });

  it("reports the known sample: of 198 rows 1 new, 3 changed, 1 gone are 4 inserted, 3 updated, 1 deleted", async () => {
    await world.source.query("INSERT INTO people SELECT 'p' || n, 'x' FROM generate_series(1, 198) AS n");
    await world.ingest("YellowForensic");
    await world.source.query("INSERT INTO people VALUES ('new', 'x')");
    await world.source.query("UPDATE people SET name = 'y' WHERE id IN ('p1', 'p2', 'p3')");
    await world.source.query("DELETE FROM people WHERE id = 'p4'");
    await world.ingest("YellowForensic");
    await world.ingest("YellowLive");

    expect((await world.metrics("YellowForensic")).at(-1)).toEqual({
      batch_id: 2,
      batch_status: "committed",
      keys_new: 1,
      records_inserted: 4,
      records_updated: 3,
      records_deleted: 1,
      unchanged: 194,
      total_records: 198,
    });
  });
});

describe("reset-batch", () => {
  it("makes an ingested batch begin anew, and the same batch commits with the same rows", async () => {
    await world.source.query("INSERT INTO people SELECT 'p' || n, 'x' FROM generate_series(1, 3) AS n");
    expect(await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
    const state = () =>
      world.merge.query(
        `SELECT batch_id, batch_status AS status, state -> 'current_dataset_index' AS index,
           (SELECT count(*)::int FROM yellowlive_store1_people_staging) AS staged FROM yellowlive_batch_metrics`,
      );
    expect(await state()).toEqual([{ batch_id: 1, status: "ingested", index: 1, staged: 3 }]);

    await world.reset("YellowLive");
    expect(await state()).toEqual([{ batch_id: 1, status: "started", index: 0, staged: 0 }]);

    expect(await world.ingest("YellowLive")).toBe("done");
    expect(await state()).toMatchObject([{ batch_id: 1, status: "committed", index: 1 }]);
    expect(await world.merge.query(`SELECT FROM ${LIVE}`)).toHaveLength(3);
  });

  it("answers success where there is no batch, and refuses a committed one unless that is fine", async () => {
    expect(await world.reset("YellowLive")).toBe("done");
    await world.ingest("YellowLive");
    await expect(world.reset("YellowLive")).rejects.toThrow("Batch is COMMITTED and cannot be reset");
    expect(await world.reset("YellowLive", "Store1", { committedOk: true })).toBe("done");
  });

  it("refuses what does not name a stream", async () => {
    await expect(world.reset("YellowLive", "Nowhere")).rejects.toThrow(
      "Could not find datastore in ecosystem",
    );
    await expect(world.reset("YellowLive", "Store1", { dataset: "people" })).rejects.toThrow(
      "Cannot specify a dataset name for a multi-dataset datastore",
    );
  });
});
