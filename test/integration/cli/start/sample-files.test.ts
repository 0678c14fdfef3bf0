import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as sheetjs from "xlsx";
import { gauge, waterYearWorkbook } from "../../../../cli/start/samples";
import { monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { cacheDirectory } from "../../../rigs/programs";

const YEAR = 2023;
const MONTHS = monthsOfWaterYear(YEAR);
const WORKBOOK = waterYearWorkbook(YEAR, [gauge("1000", MONTHS, () => 0.04)]);

/** Made by test/toolchain/python.sh, which CI runs. */
const PYTHON = join(cacheDirectory, "venv-openpyxl", "bin", "python");

const READ = `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book["OCT"]
print(json.dumps([book.sheetnames, sheet["B3"].value, sheet["B4"].value, sheet["B35"].value]))
`;

describe("sample files of rain", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-samples-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(!process.env.CI && !existsSync(PYTHON))("are workbooks to openpyxl", () => {
    const path = join(folder, "sample.xlsx");
    writeFileSync(path, WORKBOOK);
    const [sheets, id, inches, total] = JSON.parse(
      execFileSync(PYTHON, ["-c", READ, path], { encoding: "utf8" }),
    );
    expect(sheets).toHaveLength(12);
    expect([id, inches, total]).toEqual([1000, 0.04, "=SUM(B4:B34)"]);
  });

  it("are workbooks to SheetJS", () => {
    const book = sheetjs.read(WORKBOOK);
    expect(book.SheetNames).toHaveLength(12);
    expect(book.Sheets.OCT?.B3?.v).toBe(1000);
    expect(book.Sheets.OCT?.B4?.v).toBe(0.04);
  });
});
