import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelOf, World } from "../../../../rigs/datasurface/datasurface";

const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];

let world: World;
beforeEach(async () => {
  world = await World.open(
    modelOf({
      Store1: { datasets: { people: columns, places: columns }, deletions: { maxShare: 0.3, maxRows: 40 } },
    }),
  );
  await world.source.query(`
    CREATE TABLE people (id integer PRIMARY KEY, name text);
    CREATE TABLE places (id integer PRIMARY KEY, name text);
    INSERT INTO people SELECT n, 'x' FROM generate_series(1, 100) AS n;
    INSERT INTO places SELECT n, 'x' FROM generate_series(1, 10) AS n`);
  await world.ingest("YellowForensic");
});
afterEach(() => world.close());

const open = async (dataset = "people") => {
  const rows = await world.merge.query(
    `SELECT FROM yellowforensic_store1_${dataset}_merge WHERE ds_surf_batch_out = 2147483647`,
  );
  return rows.length;
};

describe("the guard against mass deletion", () => {
  it("lets through what the model allows", async () => {
    await world.source.query("DELETE FROM people WHERE id <= 30");
    expect(await world.ingest("YellowForensic")).toBe("done");
    expect(await open()).toBe(70);
  });

  it("stops an emptied source before the merge, with the number that it would delete", async () => {
    await world.source.query("TRUNCATE places");
    await expect(world.ingest("YellowForensic")).rejects.toThrow(
      /places: 10 of 10 open rows would be deleted: the source table is empty[\s\S]*--approve-deletes 10-[0-9a-f]{16};/,
    );
    expect(await open("places")).toBe(10);
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({
      batch_id: 2,
      batch_status: "ingested",
    });
  });

  it.each([
    ["a share", "DELETE FROM people WHERE id <= 31", /31 of 100 open rows would be deleted, allowed are 30%/],
    ["a number", "DELETE FROM people WHERE id <= 41", /41 of 100 open rows would be deleted, allowed are 40/],
  ])("stops a batch that passes %s", async (_, change, message) => {
    await world.source.query(change);
    await expect(world.ingest("YellowForensic")).rejects.toThrow(message);
    expect(await open()).toBe(100);
  });

  it("merges nothing of any dataset while one is held", async () => {
    await world.source.query("DELETE FROM places WHERE id > 1; UPDATE people SET name = 'y'");
    await expect(world.ingest("YellowForensic")).rejects.toThrow("places: 9 of 10");
    expect(
      await world.merge.query("SELECT FROM yellowforensic_store1_people_merge WHERE name = 'y'"),
    ).toEqual([]);
  });

  /** The approval that the message of a held batch shows. */
  const held = async (): Promise<string> => {
    const error = await world.ingest("YellowForensic").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return /--approve-deletes (\d+-[0-9a-f]{16});/.exec(String(error))?.[1] ?? `none in ${String(error)}`;
  };

  it("takes the approval that was shown, and no other", async () => {
    await world.source.query("DELETE FROM people WHERE id <= 50");
    const approved = await held();
    expect(approved).toMatch(/^50-/);
    const other = `50-${"0".repeat(16)}`;
    await expect(world.ingest("YellowForensic", "Store1", { approved: other })).rejects.toThrow(
      `the deletions ${other} were approved, but it would be ${approved}`,
    );
    expect(await world.ingest("YellowForensic", "Store1", { approved })).toBe("done");
    expect(await open()).toBe(50);
  });

  it("merges the rows that were shown when they are approved, even if the source has moved on", async () => {
    await world.source.query("DELETE FROM people WHERE id <= 50");
    const approved = await held();
    await world.source.query("DELETE FROM people");
    expect(await world.ingest("YellowForensic", "Store1", { approved })).toBe("done");
    expect(await open()).toBe(50);
  });

  it("refuses an approval of other rows, even as many of them, that were staged meanwhile", async () => {
    await world.source.query("CREATE TABLE kept AS SELECT * FROM people; DELETE FROM people WHERE id <= 50");
    const approved = await held();
    await world.source.query("DELETE FROM people; INSERT INTO people SELECT * FROM kept WHERE id <= 50");
    const another = await held();
    expect(another).toMatch(/^50-/);
    await expect(world.ingest("YellowForensic", "Store1", { approved })).rejects.toThrow(
      `the deletions ${approved} were approved, but it would be ${another}`,
    );
    expect(await open()).toBe(100);
  });

  it("shows the same approval for the same rows, however often they are read", async () => {
    await world.source.query("DELETE FROM people WHERE id <= 50; DELETE FROM places WHERE id > 1");
    const first = await held();
    expect(first).toMatch(/^59-/);
    await world.source.query("UPDATE people SET name = 'y'");
    expect(await held()).toBe(first);
  });

  it("reads a repaired source anew, in the same batch", async () => {
    await world.source.query("CREATE TABLE kept AS SELECT * FROM people; DELETE FROM people");
    await expect(world.ingest("YellowForensic")).rejects.toThrow("the source table is empty");
    await world.source.query("INSERT INTO people SELECT * FROM kept");
    expect(await world.ingest("YellowForensic")).toBe("done");
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({ batch_id: 2, records_deleted: 0 });
    expect(await open()).toBe(100);
  });

  it("merges additions and changes alone when asked, and counts no deletion", async () => {
    await world.source.query("DELETE FROM people WHERE id <= 50; UPDATE people SET name = 'y' WHERE id = 60");
    await world.source.query("INSERT INTO people VALUES (101, 'new')");
    expect(await world.ingest("YellowForensic", "Store1", { additionsOnly: true })).toBe("done");
    expect(await open()).toBe(101);
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({
      keys_new: 1,
      records_updated: 1,
      records_deleted: 0,
      unchanged: 59,
      total_records: 61,
    });
  });
});
