import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { infrastructure } from "../../../../jobs/datasurface/infrastructure";
import { type StreamStatus, status } from "../../../../jobs/datasurface/status";
import { addressOf, modelOf, type StoreSpec, UNGUARDED, World } from "../../../rigs/datasurface/datasurface";

const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];
const STORE: StoreSpec = { datasets: { people: columns, places: columns }, deletions: UNGUARDED };
const SINGLE: StoreSpec = {
  datasets: { things: columns },
  consistency: "SINGLE_DATASET",
  deletions: UNGUARDED,
};

let world: World;
beforeEach(async () => {
  world = await World.open(modelOf({ Store1: STORE, Store2: SINGLE }));
  await world.source.query(`
    CREATE TABLE people AS SELECT n AS id, 'x' AS name FROM generate_series(1, 10) AS n;
    CREATE TABLE places AS SELECT * FROM people; CREATE TABLE things AS SELECT * FROM people`);
});
afterEach(() => world.close());

const run = (platform: string, dropUnused = false) =>
  infrastructure({ platform, merge: addressOf(world.merge), dropUnused }, world.model, world.context);

const relations = async (pattern: string) => {
  const rows = await world.merge.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
       AND relname LIKE $1 ORDER BY 1`,
    [pattern],
  );
  return rows.map(({ name }) => name);
};

describe("the daily work of a platform", () => {
  it("makes tables and views before any batch has run, and changes nothing when it runs again", async () => {
    await run("YellowForensic");
    const made = await relations("yellowforensic%");
    expect(made).toContain("yellowforensic_store2_things_merge");
    expect(made).toContain("yellowforensic_consumer1_forensicdsg_store1_people_view_full");

    const counts: unknown[] = [];
    const log = { ...world.context.log, info: (...words: unknown[]) => counts.push(words[0]) };
    Object.assign(world.context, { log });
    await run("YellowForensic");
    expect(counts).toEqual([{ created: 0, changed: 0, unchanged: 9 }]);
    expect(await relations("yellowforensic%")).toEqual(made);
  });

  it("gives the views of a workspace to its readers, and the tables to nobody", async () => {
    const reader = `reader_${world.merge.name}`;
    await world.merge.query(`CREATE ROLE ${reader}`);
    const workspaces = world.model.ecosystem.workspaces.map((workspace) => ({
      ...workspace,
      readers: [reader],
    }));
    world.model = { ...world.model, ecosystem: { ...world.model.ecosystem, workspaces } };
    await world.ingest("YellowForensic");
    await run("YellowForensic");

    const views = world.viewNames("YellowForensic", "Store1", "people");
    const [may] = await world.merge.query(
      `SELECT has_table_privilege($1, '${views.full}', 'SELECT') AS view,
         has_table_privilege($1, 'yellowforensic_store1_people_merge', 'SELECT') AS table`,
      [reader],
    );
    expect(may).toEqual({ view: true, table: false });
    const asReader = await world.merge.query(
      `WITH who AS (SELECT set_config('role', '${reader}', true)) SELECT count(*)::int AS rows FROM who, ${views.asOf}(1)`,
    );
    expect(asReader).toEqual([{ rows: 10 }]);
    await world.merge.query(`DROP OWNED BY ${reader}`);
    await world.merge.query(`DROP ROLE ${reader}`);
  });

  it("shows the history with the times between which it was true", async () => {
    await world.ingest("YellowForensic");
    await world.source.query("UPDATE people SET name = 'y' WHERE id = 1");
    await world.ingest("YellowForensic");
    await world.makeViews();
    const { full } = world.viewNames("YellowForensic", "Store1", "people");

    const versions = await world.merge.query<{ name: string; from: Date; to: Date | null }>(
      `SELECT name, ds_surf_valid_from AS from, ds_surf_valid_to AS to FROM ${full} WHERE id = 1 ORDER BY 2`,
    );
    expect(versions.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(versions[0]?.to).toEqual(versions[1]?.from);
    expect(versions[1]?.to).toBeNull();
  });

  it("trims staging to the batches that are kept, and never the open one", async () => {
    const change = () => world.source.query("UPDATE people SET name = name || 'x'");
    for (let batch = 1; batch <= 5; batch++) {
      await world.ingest("YellowLive");
      await change();
    }
    await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    const tight = world.model.ecosystem.platforms.map((platform) => ({
      ...platform,
      stagingBatchesToKeep: -1,
    }));
    world.model = { ...world.model, ecosystem: { ...world.model.ecosystem, platforms: tight } };
    await run("YellowLive");

    expect(await relations("yellowlive_store1_people_staging_b%")).toEqual([
      "yellowlive_store1_people_staging_b6",
    ]);
    expect(await world.ingest("YellowLive")).toBe("done");
    expect(await relations("yellowlive_store1_people_staging_b%")).toEqual([]);
  });

  it("names streams that left the model, and drops them only when asked", async () => {
    await world.ingest("YellowLive");
    await world.ingest("YellowLive", "Store2", { dataset: "things" });
    await run("YellowLive");
    world.model = modelOf({ Store1: STORE });

    await run("YellowLive");
    expect(await relations("yellowlive_store2%")).not.toEqual([]);
    await run("YellowLive", true);
    expect(await relations("yellowlive_store2%")).toEqual([]);
    expect(await relations("yellowlive_consumer1_livedsg_store2%")).toEqual([]);
    expect(await world.metrics("YellowLive", "Store2#things")).toEqual([]);
    expect(await world.metrics("YellowLive", "Store1")).toHaveLength(1);
  });

  it("does what it can and says what it could not, when a stream is incompatible", async () => {
    await world.ingest("YellowLive");
    world.model = modelOf({
      Store1: { ...STORE, datasets: { people: [columns[0] as (typeof columns)[0]], places: columns } },
      Store2: SINGLE,
    });
    await expect(run("YellowLive")).rejects.toThrow("people: column name was removed; put it back");
    expect(await relations("yellowlive_store2_things_merge")).toHaveLength(1);
  });
});

describe("status", () => {
  const print = async (json: boolean) => {
    let printed = "";
    await status({ platform: undefined, merge: addressOf(world.merge), json }, world.model, {
      ...world.context,
      print: (text) => {
        printed += text;
      },
    });
    return printed;
  };

  it("shows every stream of every platform, also those that never ran", async () => {
    await world.ingest("YellowLive");
    await world.source.query("DELETE FROM places");
    await world.ingest("YellowLive");
    const { streams } = JSON.parse(await print(true)) as { streams: StreamStatus[] };

    expect(streams.map(({ platform, stream }) => `${platform} ${stream}`)).toEqual([
      "YellowLive Store1",
      "YellowLive Store2#things",
      "YellowForensic Store1",
      "YellowForensic Store2#things",
    ]);
    expect(streams[0]).toMatchObject({
      batch: 2,
      status: "committed",
      counts: { records_deleted: 10, unchanged: 10 },
      datasets: { places: { records_deleted: 10 } },
    });
    expect(streams[0]?.lagSeconds).toBeGreaterThanOrEqual(0);
    expect(streams[1]).not.toHaveProperty("batch");
    expect((await print(false)).split("\n")).toHaveLength(5);
  });

  it("shows a batch that waits for a decision", async () => {
    world.model = modelOf({ Store1: { ...STORE, deletions: {} } });
    await world.ingest("YellowLive");
    await world.source.query("DELETE FROM places");
    await expect(world.ingest("YellowLive")).rejects.toThrow("--approve-deletes 10");
    expect(await print(false)).toContain("held (10 deletes)");
  });
});
