import { rmSync } from "node:fs";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ecosystemOf, modelOf, UNGUARDED, World, writeModel } from "../../../../rigs/datasurface/datasurface";
import { runJob } from "../../../../rigs/jobs/run-job";
import { sharedPostgres, startPostgres } from "../../../../rigs/postgres/postgres";

const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];
const store = { datasets: { people: columns, places: columns }, deletions: UNGUARDED };

let world: World;
beforeEach(async () => {
  world = await World.open(modelOf({ Store1: store, Store2: { ...store, schema: "other" } }));
  await world.source.query(`
    CREATE SCHEMA other;
    CREATE TABLE people AS SELECT n AS id, 'x' AS name FROM generate_series(1, 500) AS n;
    CREATE TABLE places AS SELECT * FROM people;
    CREATE TABLE other.people AS SELECT * FROM people; CREATE TABLE other.places AS SELECT * FROM people`);
});
afterEach(() => world.close());

/** A session of the test's own, in which it can hold a lock; closed at the end of the work. */
async function withSession<T>(url: string, work: (session: pg.Client) => Promise<T>): Promise<T> {
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

const until = async (condition: () => Promise<boolean>) => {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) if (Date.now() > deadline) throw new Error("the condition never came true");
};

/** Whether some session of a stream waits for a lock. */
const isWaiting = async (pattern: string) => {
  const rows = await world.merge.query(
    "SELECT FROM pg_stat_activity WHERE application_name LIKE $1 AND wait_event_type = 'Lock' AND datname = current_database()",
    [pattern],
  );
  return rows.length > 0;
};

describe("runs at the same time", () => {
  it("answer at once that the stream is busy, and leave it alone", async () => {
    await world.ingest("YellowLive");
    await withSession(world.merge.url, async (session) => {
      await session.query("BEGIN; LOCK TABLE yellowlive_store1_people_merge IN SHARE MODE");
      const first = world.ingest("YellowLive");
      await until(() => isWaiting("datasurface YellowLive Store1"));
      await expect(world.ingest("YellowLive")).rejects.toThrow("Store1 on YellowLive is busy");
      await expect(world.reset("YellowLive")).rejects.toThrow("Store1 on YellowLive is busy");
      await session.query("COMMIT");
      expect(await first).toBe("done");
    });
    expect(await world.metrics("YellowLive")).toHaveLength(2);
  });

  it("work on two stores and two platforms without waiting for one another", async () => {
    const streams = (["YellowLive", "YellowForensic"] as const).flatMap((platform) =>
      ["Store1", "Store2"].map((name) => ({ platform, name })),
    );
    for (let batch = 1; batch <= 3; batch++) {
      const outcomes = await Promise.all(streams.map(({ platform, name }) => world.ingest(platform, name)));
      expect(outcomes).toEqual(streams.map(() => "done"));
      await world.source.query(
        "UPDATE people SET name = name || 'y' WHERE id % 2 = 0; DELETE FROM other.places WHERE id % 5 = 0",
      );
    }
    for (const { platform, name } of streams) {
      expect((await world.metrics(platform, name)).map((batch) => batch.batch_status)).toEqual(
        Array(3).fill("committed"),
      );
    }
  });

  it("leave one batch, merged once, when a run loses its lock in the middle of the merge", async () => {
    await world.ingest("YellowForensic");
    await world.source.query("UPDATE people SET name = 'y' WHERE id <= 10");
    const outcomes = await withSession(world.merge.url, async (session) => {
      await session.query("BEGIN; LOCK TABLE yellowforensic_store1_people_merge IN SHARE MODE");
      let hasGivenUp = false;
      const first = world.ingest("YellowForensic");
      first.catch(() => {
        hasGivenUp = true;
      });
      await until(() => isWaiting("datasurface YellowForensic Store1"));
      await session.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'datasurface YellowForensic Store1 lock' AND datname = current_database()",
      );
      const second = world.ingest("YellowForensic");
      // The second waits for the first, unless that has noticed its loss already.
      await until(async () => {
        if (hasGivenUp) return true;
        const rows = await world.merge.query(
          "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        );
        return rows.length > 0;
      });
      await session.query("COMMIT");
      return Promise.allSettled([first, second]);
    });

    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(1);
    expect(await world.metrics("YellowForensic")).toMatchObject([
      { batch_id: 1, batch_status: "committed" },
      { batch_id: 2, batch_status: "committed", records_updated: 10 },
    ]);
  });
});

describe("a run that is stopped", () => {
  it("rolls back on SIGTERM, says so with code -1, and is continued by the next run", async () => {
    await world.ingest("YellowLive");
    await world.source.query("UPDATE people SET name = 'y' WHERE id <= 10");
    const model = writeModel(ecosystemOf({ Store1: store, Store2: { ...store, schema: "other" } }));
    const job = await withSession(world.merge.url, async (session) => {
      await session.query("BEGIN; LOCK TABLE yellowlive_store1_people_merge IN SHARE MODE");
      const words = ["ingest", "--platform", "YellowLive", "--store", "Store1", "--model", model];
      const running = runJob(["datasurface", ...words], {
        environment: { ...world.source.environment("SOURCE"), ...world.merge.environment("MERGE") },
        onStart: (process) => {
          void until(() => isWaiting("datasurface YellowLive Store1")).then(() => process.kill("SIGTERM"));
        },
      });
      return running;
    });
    rmSync(model, { recursive: true });

    expect(job).toMatchObject({ exitCode: 143, termination: { code: -1 } });
    expect(job.stdout).toMatch(/DATASURFACE_RESULT_CODE=-1\n$/);
    expect((await world.metrics("YellowLive")).at(-1)).toMatchObject({
      batch_id: 2,
      batch_status: "ingested",
    });
    await until(async () => (await world.ingest("YellowLive").catch(() => "busy")) === "done");
    expect((await world.metrics("YellowLive")).at(-1)).toMatchObject({ batch_id: 2, records_updated: 10 });
  });

  it("is waited for by the daily work", async () => {
    await world.ingest("YellowLive");
    await withSession(world.merge.url, async (session) => {
      await session.query("BEGIN; LOCK TABLE yellowlive_store1_people_merge IN SHARE MODE");
      const run = world.ingest("YellowLive");
      await until(() => isWaiting("datasurface YellowLive Store1"));
      const daily = world.makeViews();
      await session.query("COMMIT");
      await Promise.all([run, daily]);
    });
    expect(await world.metrics("YellowLive")).toHaveLength(2);
  });
});

describe("a source that changes while it is read", () => {
  it("is seen as one moment by all datasets of a batch, whatever commits between them", async () => {
    await world.source.query("CREATE TABLE beat (n integer); INSERT INTO beat VALUES (0)");
    let running = true;
    // Each transaction moves one row from people to places: together they always hold the same number.
    const churn = withSession(world.source.url, async (session) => {
      for (let id = 1; running && id <= 500; id++) {
        await session.query(`BEGIN; DELETE FROM people WHERE id = ${id};
          INSERT INTO places VALUES (${id + 10_000}, 'moved'); COMMIT`);
      }
    });
    for (let batch = 1; batch <= 4; batch++) {
      await world.ingest("YellowLive");
      const [counted] = await world.merge.query<{ together: number }>(
        `SELECT (SELECT count(*) FROM yellowlive_store1_people_merge)::int
           + (SELECT count(*) FROM yellowlive_store1_places_merge)::int AS together`,
      );
      expect(counted?.together).toBe(1000);
    }
    running = false;
    await churn;
  });

  it("never mixes two moments in a batch that is resumed", async () => {
    expect(await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
    await world.source.query("DELETE FROM people WHERE id <= 100; DELETE FROM places WHERE id <= 100");
    expect(await world.ingest("YellowLive")).toBe("done");
    const count = async (dataset: string) =>
      (await world.merge.query(`SELECT FROM yellowlive_store1_${dataset}_merge`)).length;
    expect([await count("people"), await count("places")]).toEqual([400, 400]);
  });

  it("is not read again for what is staged already while it stands still", async () => {
    const elsewhere = await startPostgres(); // any write on the source's own server would count as a change
    const still = await World.open(world.model, sharedPostgres(), elsewhere);
    try {
      await still.source.query(
        "CREATE TABLE people (id integer, name text); CREATE TABLE places (id integer, name text)",
      );
      const staged = () =>
        still.merge.query("SELECT 'yellowlive_store1_people_staging_b1'::regclass::oid AS table");
      expect(await still.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
      const before = await staged();
      expect(await still.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("again");
      expect(await still.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 })).toBe("done");
      expect(await staged()).toEqual(before);
    } finally {
      await still.close();
      await elsewhere.stop();
    }
  });

  it("is waited for no longer than it takes, when it is truncated under the reader's eyes", async () => {
    await world.ingest("YellowLive");
    await withSession(world.source.url, async (session) => {
      await session.query("BEGIN; TRUNCATE people; INSERT INTO people VALUES (1, 'the only one')");
      const run = world.ingest("YellowLive");
      await until(async () => {
        const rows = await world.source.query(
          "SELECT FROM pg_locks WHERE NOT granted AND relation = 'people'::regclass",
        );
        return rows.length > 0;
      });
      await session.query("COMMIT");
      expect(await run).toBe("done");
    });
    expect(await world.merge.query("SELECT * FROM yellowlive_store1_people_merge")).toHaveLength(1);
  });
});

describe("staged rows that are lost", () => {
  it("are staged again instead of being taken for deletions, as after a crash of the server", async () => {
    await world.ingest("YellowLive");
    await world.source.query("UPDATE people SET name = 'y' WHERE id <= 10");
    await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    expect((await world.metrics("YellowLive")).at(-1)).toMatchObject({ batch_status: "ingested" });
    await world.merge.query("TRUNCATE yellowlive_store1_people_staging_b2"); // what recovery does to unlogged tables
    expect(await world.ingest("YellowLive")).toBe("done");
    expect((await world.metrics("YellowLive")).at(-1)).toMatchObject({ unchanged: 990, records_deleted: 0 });
  });
});
