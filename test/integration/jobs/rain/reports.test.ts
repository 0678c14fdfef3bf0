import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  foprWorkbook,
  gauge,
  monthlyPdf,
  waterYearSheets,
  waterYearWorkbook,
  xlsx,
} from "../../../../cli/start/samples";
import { monthOf, monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { freePort, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { emptyRecord, importEnvironment, rainDatabase, runRain } from "../../../rigs/rain/record";

const YEAR = monthsOfWaterYear(2023);

describe("the reports on the rain record", () => {
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

  async function importFile(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const words = name.includes("FOPR")
      ? ["import-fopr", "--data"]
      : ["import-year", name.endsWith("pdf") ? "2020" : "2023"];
    const { error } = await runRain([...words, "--file", path], environment);
    if (error) throw error;
  }

  const report = async (...words: string[]) => {
    const { printed, error } = await runRain([...words, "--json"], environment);
    return { report: printed ? JSON.parse(printed) : undefined, error };
  };

  it("shows imports, coverage, gaps, sources and gauges without data", async () => {
    const silent = gauge("34500", YEAR, () => null);
    const gappy = gauge("1000", [...YEAR.slice(0, 3), ...YEAR.slice(5)], (day) => (day === 4 ? null : 0));
    await importFile("pcp_WY_2023.xlsx", waterYearWorkbook(2023, [gappy, silent]));
    await importFile(
      "pcp1119.pdf",
      monthlyPdf(monthOf(2019, 11), [gauge("1000", [monthOf(2019, 11)], () => 0.04)]),
    );

    const { report: status } = await report("status");

    expect(status.runs).toMatchObject([
      { id: 2, subject: "pdf:2019-11", status: "completed", readings: 30 },
      { id: 1, subject: "workbook:2023", status: "completed", problems: 0 },
    ]);
    expect(status.coverage[0]).toMatchObject({
      waterYear: 2023,
      gauges: 2,
      missingDays: 366 + 59,
      measuredDays: 305,
    });
    expect(status.sources).toMatchObject([
      { source: "workbook", readings: 730, firstDay: "2022-10-01", lastDay: "2023-09-30" },
      { source: "pdf", readings: 30, firstDay: "2019-11-01" },
    ]);
    expect(status.gaugesWithoutReadings).toEqual(["34500"]);
    expect(status.gaps).toContainEqual({ gauge: "1000", month: "2020-01", unreportedDays: 31 });

    const { printed } = await runRain(["status"], environment);
    expect(printed).toMatch(/Coverage by water year\n {2}year {2}gauges/);
  });

  it("tells a run that is under way from one that nobody works on any more", async () => {
    await importFile("pcp_WY_2023.xlsx", waterYearWorkbook(2023, [gauge("1000", YEAR, () => 0)]));
    await database.query("UPDATE import_run SET status = 'running', finished_at = NULL");
    expect((await report("status")).report.runs[0].status).toBe("interrupted");
  });

  it("finds nothing in a record that is what its files say", async () => {
    await importFile(
      "pcp_WY_2023.xlsx",
      waterYearWorkbook(2023, [gauge("1000", YEAR, (day) => (day % 9 === 0 ? 0.03937 : 0))]),
    );
    await importFile(
      "pcp1119.pdf",
      monthlyPdf(monthOf(2019, 11), [gauge("2000", [monthOf(2019, 11)], () => 0.03937)]),
    );
    expect((await report("validate")).report).toEqual([]);
  });

  it("fails where the record does not add up to what a file states", async () => {
    const sheets = waterYearSheets(2023, [gauge("1000", YEAR, () => 0.04)]).map((sheet) =>
      sheet.name === "NOV" ? { ...sheet, rows: { ...sheet.rows, 34: [sheet.rows[34]?.[0], "0.O4"] } } : sheet,
    );
    await importFile("pcp_WY_2023.xlsx", xlsx(sheets));
    const { report: findings, error } = await report("validate");
    expect(error?.message).toMatch(/differs from its files in 1 places/);
    expect(findings).toEqual([
      {
        check: "totals",
        severity: "error",
        gauge: "1000",
        period: "2022-11-01..2022-11-30",
        message: "the file (workbook) states 1.2 in, its days add up to 1.16",
      },
    ]);
  });

  it("fails where a summary is not the sum of its days", async () => {
    await importFile("pcp_WY_2023.xlsx", waterYearWorkbook(2023, [gauge("1000", YEAR, () => 0.04)]));
    await database.query("UPDATE month_summary SET total_inches = 99 WHERE month = '2022-11-01'");
    const { report: findings, error } = await report("validate");
    expect(error).toBeDefined();
    expect(findings).toMatchObject([
      { check: "cumulative", gauge: "1000", period: "2022-11" },
      { check: "cumulative", gauge: "1000", period: "2023" },
    ]);
  });

  it("points out what is odd: too much rain, a dry gauge among wet ones, sources that disagree", async () => {
    const near = ["1000", "1100", "1200", "1300"];
    const wet = near.map((id) =>
      gauge(id, YEAR, (day) => (id === "1300" ? 0 : day === 40 ? 0.6 : day === 7 && id === "1000" ? 25 : 0)),
    );
    await importFile("pcp_WY_2023.xlsx", waterYearWorkbook(2023, wet));
    await database.query("UPDATE gauge SET latitude = 33.6, longitude = -111.8 + id::numeric / 1000000");
    await importFile(
      "1000_FOPR.xlsx",
      foprWorkbook(gauge("1000", YEAR, (day) => (day === 40 ? 0.5 : day === 7 ? 25 : 0))),
    );
    await database.query("UPDATE gauge SET latitude = 33.6, longitude = -111.8 WHERE id = '1000'");

    const { report: findings, error } = await report("validate", "--water-year", "2023");

    expect(error).toBeUndefined();
    expect(
      findings.map(({ check, gauge, period }: Record<string, string>) => `${check} ${gauge} ${period}`),
    ).toEqual([
      "range 1000 2022-10-08",
      "neighbours 1300 2022-11",
      "neighbours 1000 2022-10-08",
      "overlap 1000 2022-11-01..2022-11-30",
    ]);
  });

  it("tells Prometheus of readings, imports and coverage", async () => {
    await importFile("pcp_WY_2023.xlsx", waterYearWorkbook(2023, [gauge("1000", YEAR, () => 0)]));
    const stop = new AbortController();
    const port = await freePort();
    const settings = { ...environment, RAIN_HOST: "127.0.0.1", RAIN_PORT: String(port) };
    const server = runRain(["serve-metrics"], settings, stop.signal);
    const scrape = () =>
      fetch(`http://127.0.0.1:${port}/metrics`).then(
        (response) => response.text(),
        () => "",
      );
    await expect.poll(scrape, { timeout: 20_000 }).toContain('rain_readings{source="workbook"} 365');
    expect(await scrape()).toContain('rain_imports{status="completed"} 1');
    stop.abort();
    expect((await server).error).toBeUndefined();
  });
});
