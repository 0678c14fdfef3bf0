import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { daysOfMonths, waterYearWorkbook } from "../../../../cli/start/samples";
import { monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { countOf } from "../../../rigs/counts";
import { bundledJobs } from "../../../rigs/jobs/bundled";
import { type PostgresServer, startPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import {
  emptyRecord,
  importEnvironment,
  rainDatabase,
  recordOf,
  wrongSummaries,
} from "../../../rigs/rain/record";
import { seeded } from "../../../rigs/seeded";

const KILLS = countOf({ usual: 30, full: 100 });
const SEED = 20_231_001;
const ROOT = resolve(import.meta.dirname, "../../../..");

describe("an import that is killed", () => {
  let server: PostgresServer;
  let database: TestDatabase;
  let folder: string;
  let program: string;

  beforeAll(async () => {
    program = await bundledJobs();
    server = await startPostgres();
    database = await rainDatabase(server);
    folder = mkdtempSync(join(tmpdir(), "trellis-rain-killed-"));
  });

  afterAll(async () => {
    await database?.drop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`at ${KILLS} points and resumed each time leaves the record of an import that nobody disturbed`, {
    timeout: 1_800_000,
  }, async () => {
    const days = daysOfMonths(monthsOfWaterYear(2023));
    const gauges = Array.from({ length: 20 }, (_, gauge) => ({
      id: String(1000 + gauge * 10),
      days: new Map(
        days.map((day, index) => [day, (index + gauge) % 13 === 0 ? null : ((index * gauge) % 7) / 100]),
      ),
    }));
    const path = join(folder, "pcp_WY_2023.xlsx");
    writeFileSync(path, waterYearWorkbook(2023, gauges));
    const random = seeded(SEED);

    const started = performance.now();
    expect(await importing(path).ended).toBe(0);
    const duration = performance.now() - started;
    const undisturbed = await recordOf(database);
    await emptyRecord(database);

    let [kills, resumed, completed] = [0, 0, 0];
    while (kills < KILLS) {
      const before = await done();
      const run = importing(path);
      // From the first moment of the process to the last, for nothing else knows where it is.
      const outcome = await Promise.race([run.ended, wait(random() * duration)]);
      if (outcome === undefined) {
        run.kill();
        const code = await run.ended;
        if (code === 0) continue;
        kills += 1;
        await sessionsEnded();
        expect(await wrongSummaries(database)).toEqual([]);
        const after = await done();
        expect(after).toBeGreaterThanOrEqual(before);
        if (before > 0) resumed += 1;
        continue;
      }
      expect(outcome).toBe(0);
      completed += 1;
      expect(await recordOf(database)).toEqual(undisturbed);
      expect(await database.query("SELECT count(*)::integer AS runs FROM import_run")).toEqual([{ runs: 1 }]);
      await emptyRecord(database);
    }
    expect(await importing(path).ended).toBe(0);
    expect(await recordOf(database)).toEqual(undisturbed);
    expect(completed + 1).toBeGreaterThan(1);
    expect(resumed).toBeGreaterThan(KILLS / 20);
  });

  /** Months of gauges that are in. */
  async function done(): Promise<number> {
    const [row] = await database.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM import_unit WHERE status = 'done'",
    );
    return row?.count ?? 0;
  }

  /** The server notices a client's death when it next looks at the socket. */
  async function sessionsEnded(): Promise<void> {
    const others =
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rain%'";
    await expect.poll(async () => (await database.query(others)).length, { timeout: 60_000 }).toBe(0);
  }

  function importing(path: string) {
    const process_: ChildProcess = spawn(
      process.execPath,
      [program, "rain", "import-year", "2023", "--file", path],
      {
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          ...importEnvironment(database),
          RAIN_BATCH_SIZE: "100",
          LOG_LEVEL: "error",
        },
        stdio: "ignore",
        // A group of its own, so that supervisor and worker die at one blow, as they do with their pod.
        detached: true,
      },
    );
    const ended = new Promise<number>((end) => process_.once("exit", (code) => end(code ?? -1)));
    const kill = () => {
      if (process_.pid === undefined) return;
      try {
        process.kill(-process_.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    return { ended, kill };
  }
});
