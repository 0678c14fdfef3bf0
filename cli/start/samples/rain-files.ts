import {
  type Day,
  dayIn,
  dayOfMonth,
  daysInMonth,
  MONTH_ABBREVIATIONS,
  type Month,
  monthsOfWaterYear,
  numberOfMonth,
  serialOf,
  waterYearOf,
  yearOfMonth,
} from "../../../jobs/rain";
import { pdf } from "./pdf";
import { type GeneratedSheet, letters, type SheetValue, xlsx } from "./xlsx";

export const daysOfMonths = (months: readonly Month[]): Day[] =>
  months.flatMap((month) =>
    Array.from({ length: daysInMonth(month) }, (_, index) => dayIn(month, index + 1)),
  );

/**
 * A gauge's measurements in inches by day; null means a missing value. Days that are not in the map are not in the
 * file.
 */
export type Measured = ReadonlyMap<Day, number | null>;

export interface GeneratedGauge {
  readonly id: string;
  readonly name?: string;
  readonly days: Measured;
  /** Notes by month. Formats that mark days put them on the gauge's first missing day. @default none */
  readonly notes?: ReadonlyMap<Month, string>;
}

const MONTH_NAMES = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];

/** A water-year workbook in the provider's layout: newest day first, short months aligned at the bottom. */
export function waterYearWorkbook(waterYear: number, gauges: readonly GeneratedGauge[]): Uint8Array {
  return xlsx(waterYearSheets(waterYear, gauges));
}

export function waterYearSheets(waterYear: number, gauges: readonly GeneratedGauge[]): GeneratedSheet[] {
  return monthsOfWaterYear(waterYear)
    .map((month) => monthSheet(month, gauges))
    .reverse();
}

function monthSheet(month: Month, gauges: readonly GeneratedGauge[]): GeneratedSheet {
  const rows: Record<number, SheetValue[]> = {};
  const name = MONTH_NAMES[numberOfMonth(month) - 1];
  rows[1] = [`Rain, Daily Precipitation Totals in Inches, ${name} ${yearOfMonth(month)}`];
  rows[2] = [undefined, ...gauges.map((_, index) => index + 1)];
  rows[3] = ["Gage ID --->", ...gauges.map(({ id }) => Number(id))];
  for (let day = 31; day >= 1; day--) {
    if (day > daysInMonth(month)) {
      rows[35 - day] = [undefined, ...gauges.map(() => undefined)];
      continue;
    }
    const date = dayIn(month, day);
    rows[35 - day] = [serialOf(date), ...gauges.map(({ days }) => valueIn(days, date, "N/A"))];
  }
  rows[35] = [
    "Totals:",
    ...gauges.map(({ days }, index): SheetValue => {
      const column = letters(index + 2);
      return { formula: `SUM(${column}4:${column}34)`, result: sum(days, month) };
    }),
  ];
  const noted = gauges.filter(({ notes }) => notes?.has(month));
  rows[36] = [
    undefined,
    ...gauges.map((gauge) => (noted.includes(gauge) ? `(${noted.indexOf(gauge) + 1})` : undefined)),
  ];
  rows[37] = ["Footnotes:"];
  noted.forEach(({ notes }, index) => {
    rows[38 + index] = [undefined, `${index + 1}.\u00a0 ${notes?.get(month)}`];
  });
  const names = gauges.flatMap((gauge, index) =>
    gauge.name ? [[`${letters(index + 2)}3`, gauge.name]] : [],
  );
  return {
    name: MONTH_ABBREVIATIONS[numberOfMonth(month) - 1] ?? "",
    rows,
    comments: Object.fromEntries(names),
  };
}

/** On which side of a value its marker is. */
export type MarkerPlace = "before" | "after";

/** A monthly PDF in the provider's layout: one group of gauges per page, wrapped notes, markers attached to values. */
export function monthlyPdf(
  month: Month,
  gauges: readonly GeneratedGauge[],
  { groupSize = 8, marker = "after" as MarkerPlace, skipDay = undefined as Day | undefined } = {},
): Uint8Array {
  const pages: string[][] = [];
  for (let start = 0; start < gauges.length; start += groupSize) {
    pages.push(groupPage(month, gauges.slice(start, start + groupSize), pages.length + 1, marker, skipDay));
  }
  return pdf(pages);
}

function groupPage(
  month: Month,
  gauges: readonly GeneratedGauge[],
  number: number,
  place: MarkerPlace,
  skipDay: Day | undefined,
): string[] {
  const noted = gauges.filter(({ notes }) => notes?.has(month));
  const marked = new Map(noted.map((gauge) => [gauge, firstMissing(gauge.days, month)]));
  const glue = (text: string, gauge: GeneratedGauge, on: boolean) => {
    const marker = on ? `(${noted.indexOf(gauge) + 1})` : "";
    return place === "after" ? text + marker : marker + text;
  };
  const lines = [
    "FCD of Maricopa County ALERT System",
    `G${String(number).padStart(3, "0")}: Rain Gage Group ${number}`,
    `Gage ID  ${gauges.map(({ id }) => id.padStart(8)).join(" ")}`,
    "Daily precipitation values in inches",
  ];
  for (let day = daysInMonth(month); day >= 1; day--) {
    const date = dayIn(month, day);
    if (date === skipDay) continue;
    const values = gauges.map((gauge) => {
      const value = valueIn(gauge.days, date, "____");
      const text = typeof value === "number" ? value.toFixed(2) : "____";
      return glue(text, gauge, marked.get(gauge) === date).padStart(9);
    });
    lines.push(`${usDate(date)} ${values.join(" ")}`);
  }
  const totals = gauges.map((gauge) =>
    glue(sum(gauge.days, month).toFixed(2), gauge, marked.get(gauge) === null),
  );
  lines.push(`TOTALS:  ${totals.map((total) => total.padStart(9)).join(" ")}`);
  noted.forEach(({ notes }, index) => {
    lines.push(...wrapped(`(${index + 1}) ${notes?.get(month)}`));
  });
  return [...lines, `2801 W. Durango St., Phoenix, AZ 85009 (602) 506-1501 Page ${number}`];
}

/**
 * A gauge's own record: description, outages, and one sheet per water year, with or without the placeholder of 29
 * February.
 */
export function foprWorkbook(gauge: GeneratedGauge, options: FoprOptions = {}): Uint8Array {
  return xlsx(foprSheets(gauge, options));
}

interface FoprOptions {
  readonly history?: string;
  readonly placeholder?: boolean;
  readonly updated?: Day;
}

export function foprSheets(
  gauge: GeneratedGauge,
  { history = gauge.id, placeholder = true, updated = "2024-12-19" as Day }: FoprOptions = {},
): GeneratedSheet[] {
  const years = [...new Set([...gauge.days.keys()].map((day) => waterYearOf(day)))].sort((a, b) => b - a);
  return [
    { name: "Meta_Stats", rows: description(gauge, history, updated) },
    ...years.map((year) => yearSheet(year, gauge.days, placeholder)),
  ];
}

function description(gauge: GeneratedGauge, history: string, updated: Day): GeneratedSheet["rows"] {
  const blank = undefined;
  return {
    1: ["Official Precipitation Record", ...Array<SheetValue>(14).fill(blank), "Updated:", serialOf(updated)],
    3: ["Station Name:", gauge.name ?? `Gauge ${gauge.id}`],
    4: ["Gage ID # History:", history],
    6: ["Station Type:", "Rain"],
    9: ["In or Nearest City/Town:", "Phoenix"],
    11: ["Latitude:", "33° 36’ 36.2”", 33.61],
    12: ["Longitude:", "111° 51’ 55.6”", -111.86],
    13: ["Elevation:", "1,465 ft."],
  };
}

function yearSheet(year: number, days: Measured, placeholder: boolean): GeneratedSheet {
  const rows: Record<number, SheetValue[]> = {};
  let row = 1;
  for (const month of monthsOfWaterYear(year)) {
    for (let day = 1; day <= daysInMonth(month); day++) {
      const date = dayIn(month, day);
      if (days.has(date)) rows[row++] = [serialOf(date), valueIn(days, date, "_____")];
      else row += 1;
    }
    if (placeholder && numberOfMonth(month) === 2 && daysInMonth(month) === 28) row += 1;
  }
  const total = [...days]
    .filter(([day]) => waterYearOf(day) === year)
    .reduce((all, [, inches]) => all + (inches ?? 0), 0);
  rows[row] = [undefined, { formula: `SUM(B1:B${row - 1})`, result: total }];
  return { name: String(year), rows };
}

const valueIn = (days: Measured, day: Day, missing: string): SheetValue => {
  const value = days.get(day);
  return value === null ? missing : value;
};

const sum = (days: Measured, month: Month) =>
  [...days].filter(([day]) => day.startsWith(month)).reduce((total, [, inches]) => total + (inches ?? 0), 0);

/** The first missing day of the month, where a note's marker goes. Null if the marker goes on the total. */
const firstMissing = (days: Measured, month: Month): Day | null =>
  [...days.keys()].filter((day) => day.startsWith(month) && days.get(day) === null).sort()[0] ?? null;

const usDate = (day: Day) =>
  `${day.slice(5, 7)}/${String(dayOfMonth(day)).padStart(2, "0")}/${day.slice(2, 4)}`;

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 70) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A gauge with a reading or none for every day of these months; `inches` gets the day's index. */
export const gauge = (
  id: string,
  months: readonly Month[],
  inches: (index: number) => number | null,
): GeneratedGauge => ({
  id,
  days: new Map(daysOfMonths(months).map((day, index) => [day, inches(index)])),
});
