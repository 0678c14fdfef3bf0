import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { foprWorkbook, gauge, monthlyPdf, waterYearWorkbook } from "../../../../cli/start/samples";
import { monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import {
  emptyRecord,
  importEnvironment,
  rainDatabase,
  runRain,
  wrongSummaries,
} from "../../../rigs/rain/record";

const WATER_YEAR = 2018;

describe("imports at once and one after a failure", () => {
  let database: TestDatabase;
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    database = await rainDatabase(sharedPostgres());
    folder = mkdtempSync(join(tmpdir(), "trellis-rain-files-"));
    environment = importEnvironment(database);
  });

  beforeEach(() => emptyRecord(database));

  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a file and returns the words that import it. */
  function importOf(name: string, bytes: Uint8Array): string[] {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return name.includes("FOPR")
      ? ["import-fopr", "--data", "--file", path]
      : ["import-year", String(WATER_YEAR), "--file", path];
  }

  async function run(words: string[]): Promise<readonly string[]> {
    const { error, messages } = await runRain(words, environment);
    if (error) throw error;
    return messages;
  }

  it("takes two imports of one year at once: one does the work, the other finds it done", async () => {
    const bytes = waterYearWorkbook(WATER_YEAR, [
      gauge("1000", monthsOfWaterYear(WATER_YEAR), (day) => day / 1000),
    ]);
    const words = importOf("pcp_WY_2018.xlsx", bytes);
    const messages = (await Promise.all([run(words), run(words)])).flat();
    expect(messages.filter((message) => /365 readings, 365 new/.test(message))).toHaveLength(1);
    expect(messages.filter((message) => /is unchanged since run 1/.test(message))).toHaveLength(1);
    expect(await wrongSummaries(database)).toEqual([]);
  });

  it("keeps summaries right while different files of the same gauges arrive at once", async () => {
    const months = monthsOfWaterYear(WATER_YEAR);
    const ids = ["1000", "1200", "2000", "59700"];
    const workbook = waterYearWorkbook(
      WATER_YEAR,
      ids.map((id) => gauge(id, months, (day) => day / 1000)),
    );
    const pdfs = months.map((month) => {
      const name = `pcp${month.slice(5)}${month.slice(2, 4)}.pdf`;
      return importOf(
        name,
        monthlyPdf(
          month,
          ids.map((id) => gauge(id, [month], (day) => day / 100)),
        ),
      );
    });
    const fopr = foprWorkbook(gauge("59700", months, (day) => day / 10_000));
    await Promise.all([
      run(importOf("pcp_WY_2018.xlsx", workbook)),
      run(importOf("59700_FOPR.xlsx", fopr)),
      ...pdfs.slice(0, 4).map(run),
    ]);
    expect(await wrongSummaries(database)).toEqual([]);
    expect(
      await database.query("SELECT gauge, source, count(*)::integer FROM reading GROUP BY 1, 2 ORDER BY 1"),
    ).toEqual([
      { gauge: "1000", source: "workbook", count: 365 },
      { gauge: "1200", source: "workbook", count: 365 },
      { gauge: "2000", source: "workbook", count: 365 },
      { gauge: "59700", source: "fopr", count: 365 },
    ]);
  });

  it("goes on after a stop at the gauge and month where it was, and does not repeat what was done", async () => {
    const bytes = waterYearWorkbook(WATER_YEAR, [gauge("1000", monthsOfWaterYear(WATER_YEAR), () => 0.04)]);
    const words = importOf("pcp_WY_2018.xlsx", bytes);
    // The database itself refuses one month, as a full disk or a broken page would.
    await database.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.day BETWEEN '2018-03-01' AND '2018-03-31' THEN RAISE 'no room'; END IF; RETURN NEW; END $$`);
    await database.query(
      "CREATE TRIGGER refuse BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION refuse()",
    );

    const { error } = await runRain(words, { ...environment, RAIN_BATCH_SIZE: "100" });
    expect(error?.message).toMatch(/1 of 12 gauge-months failed: 1000 2018-03: no room/);
    expect(await database.query("SELECT count(*)::integer AS count FROM reading")).toEqual([{ count: 334 }]);
    expect(await wrongSummaries(database)).toEqual([]);
    const done = await database.query(
      "SELECT month::text, finished_at FROM import_unit WHERE status = 'done' ORDER BY month",
    );

    await database.query("DROP FUNCTION refuse CASCADE");
    const messages = await run(words);

    expect(messages).toContain("workbook:2018 goes on where run 1 stopped");
    const after = await database.query(
      "SELECT month::text, finished_at FROM import_unit WHERE month <> '2018-03-01' ORDER BY month",
    );
    expect(after).toEqual(done);
    expect(await database.query("SELECT readings, inserted, times_resumed, status FROM import_run")).toEqual([
      { readings: 365, inserted: 365, times_resumed: 1, status: "completed" },
    ]);
  });
});
