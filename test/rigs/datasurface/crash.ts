import { rmSync } from "node:fs";
import { expect } from "vitest";
import { infrastructure } from "../../../jobs/datasurface/infrastructure";
import { loadModel } from "../../../jobs/datasurface/model";
import { Random } from "../../../jobs/datasurface/simulate/random";
import { runJob } from "../jobs/run-job";
import { createDatabase, type PostgresServer, type TestDatabase } from "../postgres/postgres";
import { CrashProxy, type Strike } from "./crash-proxy";
import {
  addressOf,
  ecosystemOf,
  type PlatformName,
  type StoreSpec,
  UNGUARDED,
  World,
  writeModel,
} from "./datasurface";

const COLUMNS = [
  { name: "id", type: "integer", key: true },
  { name: "name", type: "varchar(40)", nullable: false },
  { name: "note", type: "text" },
];
const STORE: StoreSpec = { datasets: { customers: COLUMNS, addresses: COLUMNS }, deletions: UNGUARDED };
const EVOLVED: StoreSpec = {
  deletions: UNGUARDED,
  datasets: {
    customers: [
      { name: "id", type: "bigint", key: true },
      { name: "name", type: "varchar(60)", nullable: false },
      { name: "note", type: "text" },
      { name: "extra", type: "integer" },
    ],
    addresses: COLUMNS,
  },
};

export type Command = "first load" | "live batch" | "forensic batch" | "reset" | "reconcile";

interface Scenario {
  readonly platform: PlatformName;
  readonly store: StoreSpec;
  /** The words of the command that is killed. */
  readonly words: readonly string[];
  /** What stands before the command runs; the batch that it meets has changes of every kind. */
  readonly prepare: (world: World) => Promise<void>;
}

const firstBatch = async (world: World, platform: PlatformName) => {
  await world.ingest(platform);
  await world.source.query(`
    UPDATE customers SET name = 'changed' WHERE id % 10 = 1; DELETE FROM customers WHERE id % 10 = 2;
    INSERT INTO customers SELECT id + 5000, 'new', note FROM customers WHERE id % 10 = 3;
    DELETE FROM addresses WHERE id % 7 = 0; UPDATE addresses SET note = NULL WHERE id % 7 = 1`);
};

const SCENARIOS: Readonly<Record<Command, Scenario>> = {
  "first load": {
    platform: "YellowForensic",
    store: STORE,
    words: ["ingest"],
    prepare: async () => undefined,
  },
  "live batch": {
    platform: "YellowLive",
    store: STORE,
    words: ["ingest"],
    prepare: (world) => firstBatch(world, "YellowLive"),
  },
  "forensic batch": {
    platform: "YellowForensic",
    store: STORE,
    words: ["ingest"],
    prepare: (world) => firstBatch(world, "YellowForensic"),
  },
  reset: {
    platform: "YellowLive",
    store: STORE,
    words: ["reset-batch"],
    prepare: async (world) => {
      await firstBatch(world, "YellowLive");
      await world.ingest("YellowLive", "Store1", { maxSeconds: 0, datasetsAtOnce: 1 });
    },
  },
  reconcile: {
    platform: "YellowForensic",
    store: EVOLVED,
    words: ["infrastructure"],
    prepare: async (world) => {
      await firstBatch(world, "YellowForensic");
      await world.makeViews();
      await world.source.query(
        "ALTER TABLE customers ADD extra integer; UPDATE customers SET extra = id % 3",
      );
    },
  },
};

/** A scenario whose start is prepared once, and run from there as often as one likes, killed or undisturbed. */
export class CrashRig {
  private constructor(
    private readonly command: Command,
    private readonly server: PostgresServer | Pick<PostgresServer, "url" | "port">,
    private readonly world: World,
    private readonly proxy: CrashProxy,
    private readonly folder: string,
    private readonly expected: unknown,
    private readonly pieces: number,
  ) {}

  static async open(command: Command, server: Pick<PostgresServer, "url" | "port">): Promise<CrashRig> {
    const scenario = SCENARIOS[command];
    const before = writeModel(ecosystemOf({ Store1: STORE }));
    const world = await World.open(loadModel(before), server);
    rmSync(before, { recursive: true });
    await world.source.query(`
      CREATE TABLE customers AS SELECT n AS id, 'name ' || n AS name, repeat('note ', n % 50) AS note
        FROM generate_series(1, 2000) AS n;
      CREATE TABLE addresses AS SELECT * FROM customers WHERE id <= 300`);
    await scenario.prepare(world);
    await world.merge.disconnect(); // a database in use cannot be a template
    const folder = writeModel(ecosystemOf({ Store1: scenario.store }));
    world.model = loadModel(folder);
    const proxy = await CrashProxy.open(server.port);
    const rig = new CrashRig(command, server, world, proxy, folder, undefined, 0);
    const { state, pieces } = await rig.undisturbed();
    return new CrashRig(command, server, world, proxy, folder, state, pieces);
  }

  /**
   * Kills the command at a point that the seed chooses, runs it again, and compares with an undisturbed run. Answers
   * whether the kill came before the command's own end.
   */
  async killAndRecover(seed: number): Promise<boolean> {
    const random = new Random(seed);
    const at = random.between(1, this.pieces);
    const manner = random.pick<Strike>(["deliver", "lose"]);
    const merge = await this.copy();
    try {
      const job = await this.run(merge, at, manner);
      const where = `${this.command}, seed ${seed}, piece ${at} of ${this.pieces}, ${manner}`;
      const state = await this.finish(merge);
      expect({ where, state }).toEqual({ where, state: this.expected });
      return job.exitCode === null;
    } finally {
      await merge.drop();
    }
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.proxy.close();
    await this.world.close();
  }

  private async undisturbed() {
    const merge = await this.copy();
    try {
      const job = await this.run(merge);
      if (job.exitCode !== 0) throw new Error(`the undisturbed ${this.command} failed: ${job.stderr}`);
      const { pieces } = this.proxy;
      return { pieces, state: await this.finish(merge) };
    } finally {
      await merge.drop();
    }
  }

  private copy(): Promise<TestDatabase> {
    return createDatabase(this.server, { label: "crash", template: this.world.merge.name });
  }

  /** Runs the command as a process through the proxy, and kills it at a piece of its traffic. */
  private async run(merge: TestDatabase, at?: number, manner?: Strike) {
    const { platform, words } = SCENARIOS[this.command];
    const store = words[0] === "infrastructure" ? [] : ["--store", "Store1"];
    const through = { port: String(this.proxy.port) };
    return runJob(["datasurface", ...words, "--platform", platform, ...store, "--model", this.folder], {
      environment: {
        ...(words[0] === "ingest"
          ? { ...this.world.source.environment("SOURCE"), SOURCE_PORT: through.port }
          : {}),
        ...merge.environment("MERGE"),
        MERGE_PORT: through.port,
      },
      onStart: (job) =>
        this.proxy.arm(at, manner, () => {
          if (job.pid) process.kill(-job.pid, "SIGKILL");
        }),
      ownGroup: true,
    });
  }

  /** What the next scheduled runs do: the command again, and then the batch to its end. */
  private async finish(merge: TestDatabase): Promise<unknown> {
    this.proxy.arm();
    this.proxy.cut();
    const { platform, words } = SCENARIOS[this.command];
    const world = this.world.withMerge(merge);
    await retryWhileBusy(async () => {
      if (words[0] === "reset-batch") await world.reset(platform, "Store1", { committedOk: true });
      if (words[0] === "infrastructure") {
        await infrastructure(
          { platform, merge: addressOf(merge), dropUnused: false },
          world.model,
          world.context,
        );
      }
      // A killed ingest is followed by one that finishes its batch; one that was not killed in time by another batch.
      if (words[0] !== "ingest" || !(await isCommitted(merge, platform, this.expectedBatch()))) {
        expect(await world.ingest(platform)).toBe("done");
      }
    });
    return dump(merge);
  }

  private expectedBatch = () => (this.command === "first load" ? 1 : 2);
}

/** The server may need a moment to see that a killed client is gone. */
async function retryWhileBusy(work: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!String(error).includes("is busy") || Date.now() > deadline) throw error;
    }
  }
}

async function isCommitted(merge: TestDatabase, platform: PlatformName, batch: number): Promise<boolean> {
  const [there] = await merge.query<{ there: boolean }>(
    `SELECT to_regclass('${platform.toLowerCase()}_batch_metrics') IS NOT NULL AS there`,
  );
  if (!there?.there) return false;
  const rows = await merge.query(
    `SELECT FROM ${platform}_batch_metrics WHERE batch_id = $1 AND batch_status = 'committed'`,
    [batch],
  );
  return rows.length > 0;
}

/** All rows of all tables and views, without what differs between any two runs: times, and the names of runs. */
async function dump(merge: TestDatabase): Promise<Record<string, unknown>> {
  const relations = await merge.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
       AND relkind IN ('r', 'p', 'v') AND relname NOT LIKE '%_batch_metrics' ORDER BY relname`,
  );
  const state: Record<string, unknown> = {};
  for (const { name } of relations) {
    const times = name.endsWith("_view_full") ? " - 'ds_surf_valid_from' - 'ds_surf_valid_to'" : "";
    const [rows] = await merge.query<{ rows: string }>(
      `SELECT md5(string_agg(row, E'\\n' ORDER BY row)) || ' ' || count(*) AS rows
       FROM (SELECT (to_jsonb(t)${times})::text AS row FROM "${name}" AS t) AS text`,
    );
    state[name] = rows?.rows;
  }
  const metrics = await merge.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname LIKE '%_batch_metrics' AND relkind = 'r' ORDER BY relname",
  );
  for (const { name } of metrics) {
    state[name] = await merge.query(
      // The server counts writes to the source late.
      `SELECT regexp_replace(((to_jsonb(m) - 'batch_start_time' - 'batch_end_time') #- '{state,job_state,run}'
         #- '{state,job_state,snapshot}')::text, '"activity": "[^"]*", ', '', 'g')::jsonb AS row
       FROM ${name} AS m ORDER BY key, batch_id`,
    );
  }
  return state;
}
