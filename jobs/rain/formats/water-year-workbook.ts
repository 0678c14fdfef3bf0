import {
  daysInMonth,
  MONTH_ABBREVIATIONS,
  type Month,
  monthOfDay,
  monthsOfWaterYear,
  numberOfMonth,
  todayInArizona,
} from "../calendar";
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
  let gauges = 0;
  for (const month of present) {
    const name = sheetOf(month);
    const sheet = new MonthSheet(name, month, spreadsheet.epoch, await spreadsheet.comments(name));
    for await (const row of spreadsheet.rows(name)) sheet.read(row);
    yield* sheet.parts();
    gauges = Math.max(gauges, sheet.gauges);
  }
  const begun = monthOfDay(todayInArizona());
  for (const month of months.filter((each) => !present.includes(each))) {
    const reason = "the sheet is missing, so the month is not imported";
    const lost = month < begun ? gauges * daysInMonth(month) : 0; // a month to come has no values yet
    yield { kind: "problem", problem: { where: sheetOf(month), text: "", reason, lost } };
  }
}

const sheetOf = (month: Month): string => MONTH_ABBREVIATIONS[numberOfMonth(month) - 1] ?? month;
