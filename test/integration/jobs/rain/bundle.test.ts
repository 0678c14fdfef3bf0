import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { daysOfMonths, monthlyPdf, waterYearWorkbook } from "../../../../cli/start/samples";
import { bundleJobs } from "../../../../jobs/bundle";
import { monthOf } from "../../../../jobs/rain/calendar";
import { createDatabase, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { importEnvironment } from "../../../rigs/rain/record";

const NOVEMBER = monthOf(2019, 11);
const gauge = { id: "1000", days: new Map(daysOfMonths([NOVEMBER]).map((day) => [day, 0.04])) };

describe("the bundled jobs", () => {
  let folder: string;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-bundle-"));
    database = await createDatabase(sharedPostgres(), { label: "rain_bundle" });
  });

  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("read workbooks and PDFs in their thread and bring their own migrations, with no node_modules beside them", async () => {
    const program = await bundleJobs(join(folder, "jobs"));
    const files = {
      "pcp1119.pdf": monthlyPdf(NOVEMBER, [gauge]),
      "pcp_WY_2020.xlsx": waterYearWorkbook(2020, [gauge]),
    };
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(join(folder, name), bytes);
      const env = { PATH: process.env.PATH, ...importEnvironment(database) };
      const words = ["rain", "import-year", "2020", "--file", join(folder, name)];
      await promisify(execFile)(process.execPath, [program, ...words], { cwd: folder, env });
    }
    expect(await database.query("SELECT source, count(*)::integer FROM reading GROUP BY 1")).toEqual([
      { source: "workbook", count: 30 },
    ]);
    expect(await database.query("SELECT subject, status FROM import_run ORDER BY id")).toEqual([
      { subject: "pdf:2019-11", status: "completed" },
      { subject: "workbook:2020", status: "completed" },
    ]);
  });
});
