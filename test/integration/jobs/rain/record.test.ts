import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  foprWorkbook,
  type GeneratedGauge,
  gauge,
  monthlyPdf,
  type SheetValue,
  waterYearSheets,
  waterYearWorkbook,
  xlsx,
} from "../../../../cli/start/samples";
import { type Day, monthOf, monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import {
  emptyRecord,
  importEnvironment,
  rainDatabase,
  recordOf,
  runRain,
  wrongSummaries,
} from "../../../rigs/rain/record";

const JANUARY = monthOf(2018, 1);
const WATER_YEAR = 2018;

describe("the rain record", () => {
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

  it("is the same whatever the order in which PDF, workbook and official record arrive", async () => {
    const months = monthsOfWaterYear(WATER_YEAR);
    // The PDF knows the gauge by the number that it had until 20 February, the workbook is silent on some days, and the
    // official record lacks a week and says that another was missing.
    const pdf = monthlyPdf(JANUARY, [
      gauge("4695", [JANUARY], (day) => day / 100),
      gauge("1000", [JANUARY], () => 0),
    ]);
    const workbook = waterYearWorkbook(WATER_YEAR, [
      gauge("59700", months, (day) => (day % 7 === 0 ? null : day / 1000)),
      gauge("1000", months, () => 0.04),
    ]);
    const record = gauge("59700", months, (day) => (day > 95 && day < 103 ? null : day / 10_000));
    const kept = new Map([...record.days].filter(([, inches], index) => inches === null || index % 31 < 25));
    const fopr = foprWorkbook(
      { id: "59700", name: "Aztec Park", days: kept },
      { history: "59700; 4695 prior to 2/20/2018" },
    );
    const files = [
      importOf("pcp0118.pdf", pdf),
      importOf("pcp_WY_2018.xlsx", workbook),
      importOf("59700_FOPR.xlsx", fopr),
    ];

    const records: unknown[] = [];
    for (const order of permutations(files)) {
      await emptyRecord(database);
      for (const words of order) await run(words);
      expect(await wrongSummaries(database)).toEqual([]);
      records.push(await recordOf(database));
    }

    expect(records).toHaveLength(6);
    for (const record of records) expect(record).toEqual(records[0]);
    const at = async (day: string) =>
      (
        await database.query(
          "SELECT inches::float AS inches, source FROM reading WHERE gauge = '59700' AND day = $1",
          [day],
        )
      )[0];
    expect(await at("2018-01-05")).toEqual({ inches: null, source: "fopr" });
    expect(await database.query("SELECT id FROM gauge ORDER BY id")).toEqual([
      { id: "1000" },
      { id: "59700" },
    ]);
  });

  it("keeps rain, zero and missing apart, all the way into the summaries", async () => {
    const days = new Map<Day, number | null>([
      ["2018-01-01" as Day, 0.5],
      ["2018-01-02" as Day, 0],
      ["2018-01-03" as Day, null],
    ]);
    const messages = await run(
      importOf("pcp_WY_2018.xlsx", waterYearWorkbook(WATER_YEAR, [{ id: "1000", days }])),
    );
    expect(messages.at(-1)).toMatch(/^pcp_WY_2018\.xlsx: 3 readings, 3 new/);
    expect(
      await database.query("SELECT day::text, inches::float AS inches, quality FROM reading ORDER BY day"),
    ).toEqual([
      { day: "2018-01-01", inches: 0.5, quality: "good" },
      { day: "2018-01-02", inches: 0, quality: "good" },
      { day: "2018-01-03", inches: null, quality: "missing" },
    ]);
    expect(
      await database.query(
        "SELECT water_year, total_inches::float AS total, rain_days, dry_days, missing_days FROM water_year_summary",
      ),
    ).toEqual([{ water_year: 2018, total: 0.5, rain_days: 1, dry_days: 1, missing_days: 1 }]);
  });

  it("gives the two columns that one gauge has under two numbers to that gauge", async () => {
    const first = gauge("50258", [monthOf(2017, 10)], () => 0.04);
    const others = gauge("25800", monthsOfWaterYear(WATER_YEAR).slice(1), () => 0.08);
    await run(importOf("pcp_WY_2018.xlsx", waterYearWorkbook(WATER_YEAR, [first, others])));
    expect(await database.query("SELECT gauge, count(*) FROM reading GROUP BY 1")).toEqual([
      { gauge: "25800", count: "365" },
    ]);
    expect(await database.query("SELECT DISTINCT reported_as FROM reading ORDER BY 1")).toEqual([
      { reported_as: "25800" },
      { reported_as: "50258" },
    ]);
  });

  it("keeps notes, estimates and suspect values with the readings that they are about", async () => {
    const noted: GeneratedGauge = {
      ...gauge("1000", [JANUARY], (day) => (day === 9 ? 25 : 0.04)),
      notes: new Map([
        [
          JANUARY,
          "Gage 1000 down from 1/02 12:00 (6) through 1/04 12:00 (?) due to plugged funnel; estimated 28mm for the event of 1/01.",
        ],
      ]),
    };
    await run(importOf("pcp_WY_2018.xlsx", waterYearWorkbook(WATER_YEAR, [noted])));
    const rows = await database.query(
      "SELECT day::text, quality, footnote IS NOT NULL AS noted FROM reading WHERE footnote IS NOT NULL OR quality <> 'good' ORDER BY day",
    );
    expect(rows).toEqual([
      { day: "2018-01-01", quality: "estimated", noted: true },
      { day: "2018-01-02", quality: "good", noted: true },
      { day: "2018-01-03", quality: "good", noted: true },
      { day: "2018-01-04", quality: "good", noted: true },
      { day: "2018-01-10", quality: "suspect", noted: false },
    ]);
  });

  it("imports everything of a file but its unreadable cell, and remembers where that is", async () => {
    const sheets = waterYearSheets(WATER_YEAR, [gauge("1000", monthsOfWaterYear(WATER_YEAR), () => 0)]).map(
      (sheet) => {
        if (sheet.name !== "NOV") return sheet;
        const rows: Record<number, readonly SheetValue[]> = {
          ...sheet.rows,
          34: [sheet.rows[34]?.[0], "0.O4"],
        };
        return { ...sheet, rows };
      },
    );
    const messages = await run(importOf("pcp_WY_2018.xlsx", xlsx(sheets)));
    expect(messages.at(-1)).toMatch(/364 readings, 364 new, .* 1 problems/);
    expect(await database.query("SELECT place, found, reason FROM import_problem")).toEqual([
      { place: "NOV!B34", found: "0.O4", reason: "this is neither a number nor N/A" },
    ]);
  });

  it("leaves the record as it was where a file is refused at its last sheet", async () => {
    await run(
      importOf("pcp_WY_2018.xlsx", waterYearWorkbook(WATER_YEAR, [gauge("1000", [JANUARY], () => 0.04)])),
    );
    const before = await recordOf(database);
    const sheets = waterYearSheets(WATER_YEAR, [gauge("1000", monthsOfWaterYear(WATER_YEAR), () => 9)]);
    const cut = sheets.map((sheet) =>
      sheet.name === "SEP" ? { ...sheet, rows: { 1: ["September"] } } : sheet,
    );
    await expect(run(importOf("pcp_WY_2018.xlsx", xlsx(cut)))).rejects.toThrow(/is refused: sheet SEP/);
    expect(await recordOf(database)).toEqual(before);
  });

  it("keeps the newer official record where an older copy arrives after it", async () => {
    const months = monthsOfWaterYear(WATER_YEAR);
    const record = (inches: number, updated: string) =>
      foprWorkbook(
        gauge("59700", months, () => inches),
        { updated: updated as Day },
      );
    await run(importOf("59700_FOPR.xlsx", record(0.04, "2024-12-19")));
    await expect(run(importOf("59700_FOPR.xlsx", record(0.08, "2023-12-19")))).rejects.toThrow(
      /is refused: the record of 2024-12-19 that is stored is newer than this one of 2023-12-19/,
    );
    expect(await database.query("SELECT DISTINCT inches::float AS inches FROM reading")).toEqual([
      { inches: 0.04 },
    ]);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}
