import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { infrastructure } from "../../../../../jobs/datasurface/infrastructure";
import { JobError } from "../../../../../jobs/shared";
import { addressOf, modelOf, UNGUARDED, World } from "../../../../rigs/datasurface/datasurface";
import type { TestDatabase } from "../../../../rigs/postgres/postgres";
import { sharedPostgres, startPostgres } from "../../../../rigs/postgres/postgres";

const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];
const store = { datasets: { people: columns, places: columns }, deletions: UNGUARDED };

let world: World;
let warnings: string[];
beforeEach(async () => {
  world = await World.open(modelOf({ Store1: store }));
  warnings = [];
  const log = {
    ...world.context.log,
    info: () => undefined,
    warn: (...words: unknown[]) => warnings.push(String(words.at(-1))),
  };
  Object.assign(world.context, { log });
  await world.source.query(`
    CREATE TABLE people AS SELECT n AS id, 'x' AS name FROM generate_series(1, 500) AS n;
    CREATE TABLE places AS SELECT * FROM people`);
});
afterEach(() => world.close());

/** A session that holds a lock while the work runs; the work gets its process id and how to release it. */
async function holding<T>(
  database: TestDatabase,
  lock: string,
  work: (pid: number, release: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const session = new pg.Client({ connectionString: database.url, application_name: "somebody" });
  await session.connect();
  try {
    const { rows } = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await session.query(`BEGIN; LOCK TABLE ${lock}`);
    return await work(rows[0]?.pid ?? 0, () => session.query("ROLLBACK"));
  } finally {
    await session.end();
  }
}

const until = async (condition: () => boolean | Promise<boolean>) => {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const failure = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(JobError);
  return (error as JobError).message; // expected above
};

describe("a locked table", () => {
  it("in the source is waited for so long, then named with its holder, and read by the next run", async () => {
    await holding(world.source, "places IN ACCESS EXCLUSIVE MODE", async (pid) => {
      const message = await failure(world.ingest("YellowLive", "Store1", { lockWaitSeconds: 1 }));
      expect(message).toContain("locked for 1 seconds");
      expect(message).toContain(`places is locked by process ${pid} (user postgres, application somebody`);
      expect(message).toContain("the next run by the schedule tries again");
    });
    expect(await world.ingest("YellowLive")).toBe("done");
  });

  it("in the source is named in the log while it is waited for", async () => {
    await world.ingest("YellowLive");
    await holding(world.source, "people IN ACCESS EXCLUSIVE MODE", async (pid, release) => {
      const run = world.ingest("YellowLive");
      await until(() => warnings.length > 0);
      expect(warnings[0]).toContain(`people is locked by process ${pid}`);
      await release();
      expect(await run).toBe("done");
    });
  });

  it("in the merge database is named too, and the batch continues", async () => {
    await world.ingest("YellowForensic");
    await world.source.query("UPDATE people SET name = 'y' WHERE id = 1");
    await holding(world.merge, "yellowforensic_store1_people_merge IN ROW EXCLUSIVE MODE", async (pid) => {
      const message = await failure(world.ingest("YellowForensic", "Store1", { lockWaitSeconds: 1 }));
      expect(message).toContain(`the merge database ${world.merge.name} at 127.0.0.1:`);
      expect(message).toContain("finding the changes of people");
      expect(message).toContain(`yellowforensic_store1_people_merge is locked by process ${pid}`);
    });
    expect(await world.ingest("YellowForensic")).toBe("done");
    expect(await world.metrics("YellowForensic")).toMatchObject([
      { batch_id: 1 },
      { batch_id: 2, records_updated: 1 },
    ]);
  });
});

describe("the daily work", () => {
  const maintain = () =>
    infrastructure(
      { platform: "YellowForensic", merge: addressOf(world.merge), lockWaitSeconds: 1, dropUnused: false },
      world.model,
      world.context,
    );

  it("names the session that reads a view or a table, instead of waiting before all other readers", async () => {
    await world.ingest("YellowForensic");
    await maintain();
    const wider = [...columns, { name: "more", type: "text" }];
    const { full } = world.viewNames("YellowForensic", "Store1", "people");
    await holding(world.merge, `${full} IN ACCESS SHARE MODE`, async (pid) => {
      const message = await failure(maintain());
      expect(message).toContain("the views of YellowForensic stay as they are");
      expect(message).toContain(`${full} is locked by process ${pid}`);

      world.model = modelOf({ Store1: { ...store, datasets: { people: wider, places: wider } } });
      const both = await failure(maintain());
      expect(both).toContain(`yellowforensic_store1_people_merge is locked by process ${pid}`);
    });
    expect(await maintain()).toBe("done");
  });
});

/** A source whose second dataset takes a minute to read. */
const SLOW = `DROP TABLE places;
  CREATE VIEW places AS SELECT n AS id, CASE WHEN pg_sleep(0.2) IS NULL THEN '' ELSE 'x' END AS name FROM generate_series(1, 300) AS n`;

describe("an error of a server", () => {
  it("that ends a statement at its limit names database, dataset, limit and flag", async () => {
    await world.source.query(SLOW);
    const message = await failure(world.ingest("YellowLive", "Store1", { statementSeconds: 1 }));
    expect(message).toContain(`the source database ${world.source.name} at 127.0.0.1:`);
    expect(message).toContain("copying places");
    expect(message).toContain("--statement-seconds");
  });

  it.each([
    ["source", "COPY (SELECT%", "the source database"],
    ["merge", "COPY public.%", "the merge database"],
  ] as const)(
    "that loses the session of the %s in a copy names it, the dataset and what to do",
    async (side, query, says) => {
      await world.source.query(SLOW);
      const run = failure(world.ingest("YellowLive"));
      await until(async () => {
        const killed = await world[side].query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query LIKE $2 AND state = 'active' AND query LIKE '%\"name\"%' AND pid <> pg_backend_pid() AND query_start < clock_timestamp() - interval '300 ms'",
          [world[side].name, query],
        );
        return killed.length > 0;
      });
      const message = await run;
      expect(message).toContain(`${says} ${world[side].name}`);
      expect(message).toContain("copying p");
      expect(message).toMatch(/run again, or wait for the schedule/);

      await world.source.query("DROP VIEW places; CREATE TABLE places AS SELECT * FROM people");
      expect(await world.ingest("YellowLive")).toBe("done");
    },
  );

  it("whose disk is full says so, with the database and the dataset", async () => {
    const small = await startPostgres({
      diskMib: 150,
      settings: { max_wal_size: "32MB", shared_buffers: "16MB" },
    });
    const tight = await World.open(world.model, small, sharedPostgres());
    try {
      await tight.source.query(`
        CREATE TABLE people AS SELECT n AS id, repeat(md5(n::text), 30) AS name FROM generate_series(1, 150000) AS n;
        CREATE TABLE places AS SELECT * FROM people LIMIT 1`);
      const message = await failure(tight.ingest("YellowLive"));
      expect(message).toContain(`the merge database ${tight.merge.name}`);
      expect(message).toContain("copying people");
      expect(message).toContain("full: make room");
    } finally {
      await tight.close();
      await small.stop();
    }
  });
});
