import { MONTH_ABBREVIATIONS, type Month, monthsOfWaterYear, numberOfMonth } from "../calendar";
import { type Part, RefusedFile } from "../reading";
import { MonthSheet } from "./month-sheet";
import { Spreadsheet } from "./spreadsheet";

/**
 * Reads `pcp_WY_YYYY.xlsx`: twelve month sheets, found by name. The sheet of annual totals is never read, because its
 * formulas refer to wrong columns.
 */
export async function* parseWaterYearWorkbook(bytes: Uint8Array, waterYear: number): AsyncGenerator<Part> {
  const spreadsheet = await Spreadsheet.open(bytes);
  const months = monthsOfWaterYear(waterYear);
  const present = months.filter((month) => spreadsheet.sheetNames.includes(sheetOf(month)));
  if (present.length === 0) {
    const names = spreadsheet.sheetNames.slice(0, 15).join(", ");
    throw new RefusedFile(`it has no month sheet (OCT to SEP), only: ${names || "none"}`);
  }
  for (const month of months) {
    const name = sheetOf(month);
    if (!present.includes(month)) {
      const reason = "the sheet is missing, so the month is not imported";
      yield { kind: "problem", problem: { where: name, text: "", reason } };
      continue;
    }
    const sheet = new MonthSheet(name, month, spreadsheet.epoch, await spreadsheet.comments(name));
    for await (const row of spreadsheet.rows(name)) sheet.read(row);
    yield* sheet.parts();
  }
}

const sheetOf = (month: Month): string => MONTH_ABBREVIATIONS[numberOfMonth(month) - 1] ?? month;
