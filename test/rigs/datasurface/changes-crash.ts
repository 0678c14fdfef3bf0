import { rmSync } from "node:fs";
import { expect } from "vitest";
import { loadModel } from "../../../jobs/datasurface/model";
import { Random } from "../../../jobs/datasurface/simulate/random";
import { runJob } from "../jobs/run-job";
import type { PostgresServer } from "../postgres/postgres";
import { areEqual, beginAnew, bothCaptures } from "./changes";
import { CrashProxy, type Strike } from "./crash-proxy";
import { ecosystemOf, type PlatformName, World, writeModel } from "./datasurface";

/** What happens to the source before each batch. */
const TURNS = [
  `INSERT INTO things (id, part, note, long) SELECT n, 'a', repeat('note ', n % 50), repeat('x', 3000) FROM generate_series(1, 300) AS n;
   INSERT INTO others SELECT n, 'one' FROM generate_series(1, 50) AS n`,
  `UPDATE things SET note = 'changed' WHERE id % 5 = 0; DELETE FROM things WHERE id % 7 = 0;
   UPDATE things SET id = id + 1000 WHERE id % 11 = 0; INSERT INTO others VALUES (60, 'two')`,
  `TRUNCATE others; INSERT INTO others SELECT n, 'two' FROM generate_series(1, 20) AS n;
   UPDATE things SET long = repeat('y', 3000) WHERE id % 3 = 0`,
];

/** A stream of changes whose runs are killed, beside one of snapshots whose runs are not. */
export class ChangesCrashRig {
  private constructor(
    private readonly world: World,
    private readonly proxy: CrashProxy,
    private readonly folder: string,
  ) {}

  static async open(server: PostgresServer): Promise<ChangesCrashRig> {
    const folder = writeModel(ecosystemOf(bothCaptures()));
    const world = await World.open(loadModel(folder), server);
    return new ChangesCrashRig(world, await CrashProxy.open(server.port), folder);
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.proxy.close();
    for (const { name } of await this.world.source.query<{ name: string }>(
      "SELECT slot_name AS name FROM pg_replication_slots",
    ))
      await this.world.source.query("SELECT pg_drop_replication_slot($1)", [name]);
    await this.world.close();
  }

  /** The pieces of traffic of each turn, undisturbed. */
  async pieces(platform: PlatformName): Promise<number[]> {
    await beginAnew(this.world);
    const pieces: number[] = [];
    for (const turn of TURNS) {
      await this.world.source.query(turn);
      const job = await this.run(platform);
      if (job.exitCode !== 0) throw new Error(`the undisturbed run failed: ${job.stderr}`);
      pieces.push(this.proxy.pieces);
    }
    return pieces;
  }

  /**
   * Kills a run in each turn at a point that the seed chooses, the first snapshot too, and runs again. Answers how many kills came
   * before the run's own end.
   */
  async killEachTurn(platform: PlatformName, pieces: readonly number[], seed: number): Promise<number> {
    const random = new Random(seed);
    await beginAnew(this.world);
    let killed = 0;
    for (const [index, turn] of TURNS.entries()) {
      await this.world.source.query(turn);
      const at = random.between(1, pieces[index] ?? 1);
      const job = await this.run(platform, at, random.pick<Strike>(["deliver", "lose"]));
      killed += Number(job.exitCode === null);
      this.proxy.arm();
      this.proxy.cut();
      await this.untilCommitted(platform, index + 1);
      await this.world.ingest(platform, "Store2");
      await areEqual(this.world, platform);
    }
    return killed;
  }

  private run(platform: PlatformName, at?: number, manner?: Strike) {
    const through = String(this.proxy.port);
    const words = [
      "datasurface",
      "ingest",
      "--platform",
      platform,
      "--store",
      "Store1",
      "--model",
      this.folder,
    ];
    return runJob(words, {
      environment: {
        ...this.world.source.environment("SOURCE"),
        ...this.world.merge.environment("MERGE"),
        SOURCE_PORT: through,
        MERGE_PORT: through,
      },
      onStart: (job) =>
        this.proxy.arm(at, manner, () => {
          if (job.pid) process.kill(-job.pid, "SIGKILL");
        }),
      ownGroup: true,
    });
  }

  /** What the next scheduled runs do. The server may need a moment to see that a killed client is gone. */
  private async untilCommitted(platform: PlatformName, batch: number): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      try {
        if ((await this.committed(platform)) >= batch) return;
        expect(await this.world.ingest(platform, "Store1")).toBe("done");
      } catch (error) {
        if (!String(error).includes("is busy") || Date.now() > deadline) throw error;
      }
    }
  }

  private async committed(platform: PlatformName): Promise<number> {
    const table = `public.${platform.toLowerCase()}_batch_metrics`;
    const [found] = await this.world.merge.query<{ there: boolean }>(
      "SELECT to_regclass($1) IS NOT NULL AS there",
      [table],
    );
    if (!found?.there) return 0;
    const [row] = await this.world.merge.query<{ batches: number }>(
      `SELECT count(*)::int AS batches FROM ${table} WHERE key = 'Store1' AND batch_status = 'committed'`,
    );
    return row?.batches ?? 0;
  }
}
