import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ingest } from "../../../../../jobs/datasurface/ingest/ingest";
import { joinSnapshot, openSnapshot, shareSnapshot } from "../../../../../jobs/datasurface/ingest/source";
import { tablesOf } from "../../../../../jobs/datasurface/ingest/tables";
import { findStream } from "../../../../../jobs/datasurface/model";
import { type DatabaseAddress, openDatabase } from "../../../../../jobs/shared";
import { addressOf, modelOf, UNGUARDED, World } from "../../../../rigs/datasurface/datasurface";
import { sharedPostgres, startPostgres, type TestDatabase } from "../../../../rigs/postgres/postgres";

const NAMES = ["a", "b", "c", "d"];
const columns = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "text" },
];
/** Copies, because a model's YAML may have few aliases. */
const store = () => ({
  datasets: Object.fromEntries(NAMES.map((name) => [name, columns.map((each) => ({ ...each }))])),
  deletions: UNGUARDED,
});

let world: World;
let warnings: string[];
const opened: World[] = [];
const fill = (target: World) =>
  target.source.query(
    NAMES.map(
      (name) => `CREATE TABLE ${name} AS SELECT n AS id, 'x' AS name FROM generate_series(1, 100) AS n`,
    ).join(";"),
  );

async function open(sourceServer = sharedPostgres()): Promise<World> {
  const made = await World.open(modelOf({ Store1: store() }), sharedPostgres(), sourceServer);
  opened.push(made);
  warnings = [];
  const warn = (...words: unknown[]) => warnings.push(String(words.at(-1)));
  Object.assign(made.context, { log: { ...made.context.log, info: () => undefined, warn } });
  await fill(made);
  return made;
}

beforeEach(async () => {
  world = await open();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** A session that holds what the statement takes while the work runs; the work may release it earlier. */
async function holding<T>(
  database: TestDatabase,
  statement: string,
  work: (release: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const session = new pg.Client({ connectionString: database.url });
  await session.connect();
  try {
    await session.query(`BEGIN; ${statement}`);
    return await work(() => session.query("COMMIT"));
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

/** How many sessions of a database wait for a lock. */
const waiting = async (database: TestDatabase) =>
  (
    await database.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
  ).length;

const counts = async (target = world) => {
  const all = NAMES.map(
    (name) => `(SELECT count(*)::int FROM yellowforensic_store1_${name}_merge
    WHERE ds_surf_batch_out = 2147483647)`,
  );
  const [row] = await target.merge.query<{ counts: number[] }>(`SELECT ARRAY[${all.join(", ")}] AS counts`);
  return row?.counts;
};

/** While somebody holds this, the rows of a dataset are read and not yet staged. */
const STAGING = `LOCK TABLE ${NAMES.map((name) => `yellowforensic_store1_${name}_staging`).join(", ")} IN SHARE UPDATE EXCLUSIVE MODE`;

describe("datasets that are read side by side", () => {
  it("all show the moment at which the batch began, also those that are read after a change", async () => {
    await world.ingest("YellowForensic");
    await world.source.query(NAMES.map((name) => `DELETE FROM ${name} WHERE id <= 10`).join(";"));
    await holding(world.merge, STAGING, async (release) => {
      const run = world.ingest("YellowForensic", "Store1", { datasetsAtOnce: 2 });
      await until(async () => (await waiting(world.merge)) === 2); // the third and the fourth are not read yet
      await world.source.query(NAMES.map((name) => `DELETE FROM ${name} WHERE id <= 50`).join(";"));
      await release();
      expect(await run).toBe("done");
    });
    expect(await counts()).toEqual([90, 90, 90, 90]);
    expect(warnings).toEqual([]);
    await world.ingest("YellowForensic");
    expect(await counts()).toEqual([50, 50, 50, 50]);
  });

  it("are as many at once as the setting says", async () => {
    await world.ingest("YellowForensic");
    await world.source.query(NAMES.map((name) => `DELETE FROM ${name} WHERE id <= 10`).join(";"));
    for (const [datasetsAtOnce, expected] of [
      [1, 1],
      [3, 3],
      [16, 4],
    ] as const) {
      await world.source.query(NAMES.map((name) => `UPDATE ${name} SET name = name || 'x'`).join(";"));
      await holding(world.merge, STAGING, async (release) => {
        const run = world.ingest("YellowForensic", "Store1", { datasetsAtOnce });
        await until(async () => (await waiting(world.merge)) === expected);
        const sessions = (database: TestDatabase) =>
          database.query(
            "SELECT FROM pg_stat_activity WHERE application_name = 'datasurface YellowForensic Store1' AND datname = current_database()",
          );
        expect(await sessions(world.source)).toHaveLength(expected);
        expect(await sessions(world.merge)).toHaveLength(expected);
        await release();
        expect(await run).toBe("done");
      });
    }
  });

  it("stop together when one cannot be copied, which the error names, and go on once it is mended", async () => {
    await world.ingest("YellowForensic");
    await world.source.query("UPDATE a SET name = 'y'; INSERT INTO c VALUES (NULL, 'no key')");
    await expect(world.ingest("YellowForensic", "Store1", { datasetsAtOnce: 4 })).rejects.toThrow(
      /^c: column id is null/,
    );
    expect(
      await world.merge.query(
        "SELECT FROM pg_stat_activity WHERE application_name LIKE 'datasurface%' AND datname = current_database()",
      ),
    ).toEqual([]);
    await world.source.query("DELETE FROM c WHERE id IS NULL");
    expect(await world.ingest("YellowForensic", "Store1", { datasetsAtOnce: 4 })).toBe("done");
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({
      batch_id: 2,
      records_updated: 100,
    });
  });

  it("are kept by the next run whichever of them an earlier run staged, while the source stands still", async () => {
    const elsewhere = await startPostgres(); // any write on the source's own server would count as a change
    try {
      const still = await open(elsewhere);
      await still.ingest("YellowForensic");
      await still.source.query(NAMES.map((name) => `UPDATE ${name} SET name = 'y'`).join(";"));
      const staged = async () => {
        const [row] = await still.merge.query<{ staged: Record<string, number> }>(
          "SELECT state #> '{job_state,staged}' AS staged FROM yellowforensic_batch_metrics WHERE batch_id = 2",
        );
        return Object.keys(row?.staged ?? {}).sort();
      };
      const tables = () =>
        still.merge.query(
          "SELECT relname, oid FROM pg_class WHERE relname ~ '^yellowforensic_store1_[bcd]_staging_b2$' ORDER BY 1",
        );
      const first = "LOCK TABLE yellowforensic_store1_a_staging IN SHARE UPDATE EXCLUSIVE MODE";
      await holding(still.merge, first, async () => {
        const run = still.ingest("YellowForensic", "Store1", { datasetsAtOnce: 2 });
        await until(async () => (await staged()).length === 3);
        await still.merge.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
        );
        await expect(run).rejects.toThrow(/copying a/);
      });
      expect(await staged()).toEqual(["b", "c", "d"]);
      const before = await tables();
      expect(await still.ingest("YellowForensic")).toBe("done");
      expect(await tables()).toEqual(before);
      expect((await still.metrics("YellowForensic")).at(-1)).toMatchObject({
        batch_id: 2,
        records_updated: 400,
      });
      await still.close();
      opened.pop();
    } finally {
      await elsewhere.stop();
    }
  });
});

describe("a source that refuses further sessions", () => {
  const reader = `reader_${process.pid}`;
  afterEach(() => world.source.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`));

  const asReader = (): DatabaseAddress => ({ ...addressOf(world.source), user: reader, password: "reader" });
  const run = (datasetsAtOnce: number) =>
    ingest(
      world.config("YellowForensic", "Store1", { source: asReader(), datasetsAtOnce }),
      world.model,
      world.context,
    );

  it("is read with those that it allows", async () => {
    await world.source.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader' CONNECTION LIMIT 2;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`);
    await run(4);
    await world.source.query("UPDATE a SET name = 'y'");
    expect(await run(4)).toBe("done");
    expect(warnings.join()).toMatch(/reading with 2 instead of 4 sessions: .*too many connections for role/);
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({ records_updated: 100 });
  });

  it("is read one dataset at a time behind a session that waits to alter a table, instead of for ever", async () => {
    await world.source.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader';
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`);
    await run(2);
    await world.source.query("UPDATE a SET name = 'y'");
    // The run has locked the tables and opened its snapshot, and waits to begin its batch.
    const writer = 'datasurface writer of public."yellowforensic_batch_counter" Store1';
    const hold = `SELECT pg_advisory_xact_lock(hashtextextended('${writer}', 0))`;
    await holding(world.merge, hold, async (release) => {
      const reading = run(2);
      await until(async () => (await waiting(world.merge)) === 1);
      const altering = world.source.query("ALTER TABLE d ADD COLUMN later integer");
      await until(async () => (await waiting(world.source)) === 1);
      await release();
      expect(await reading).toBe("done");
      await altering;
    });
    expect(warnings.join()).toMatch(/reading with 1 instead of 2 sessions/);
    expect((await world.metrics("YellowForensic")).at(-1)).toMatchObject({ records_updated: 100 });
  });
});

describe("a shared snapshot", () => {
  it("is refused where the session reached another server", async () => {
    const open = () =>
      openDatabase(addressOf(world.source), { purpose: "the test", applicationName: "test" });
    const [first, second] = [await open(), await open()];
    try {
      const { store, platform, datasets } = findStream(world.model, {
        platform: "YellowForensic",
        store: "Store1",
        dataset: undefined,
      });
      if (!("source" in store.capture)) throw new Error("the store has a source");
      const tables = datasets.map((each) => tablesOf(platform, store, each));
      const waiting = { lockWaitSeconds: 1, log: world.context.log };
      // Safe: narrowed above; the type of a store does not follow from that of its capture.
      const snapshot = await openSnapshot(
        first,
        store as Parameters<typeof openSnapshot>[1],
        tables,
        waiting,
      );
      const shared = await shareSnapshot(first, snapshot.locked ?? []);
      if (!shared) throw new Error("the superuser may export a snapshot");
      await expect(joinSnapshot(second, { ...shared, state: "another" })).rejects.toThrow(/several servers/);
      await second.query("ROLLBACK");
      await world.source.query("DELETE FROM a");
      await joinSnapshot(second, shared);
      const { rows } = await second.query("SELECT count(*)::int AS rows FROM a");
      expect(rows).toEqual([{ rows: 100 }]);
    } finally {
      await Promise.all([first.end(), second.end()]);
    }
  });
});
