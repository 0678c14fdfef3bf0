/**
 * Days, months and water years as the provider uses them: calendar days of Arizona, which has no daylight saving time.
 * They are never converted between time zones; all arithmetic uses UTC midnights.
 */
export type Day = string & { readonly brand: "Day" };

/** A calendar month, `YYYY-MM`. */
export type Month = string & { readonly brand: "Month" };

const MILLISECONDS_A_DAY = 86_400_000;

/** The day from which Excel counts; it treats 1900 as a leap year. */
const EXCEL_EPOCH = Date.UTC(1899, 11, 30);

/** The day from which old Macintosh workbooks count; a flag in the workbook marks them. */
const EXCEL_1904_EPOCH = Date.UTC(1904, 0, 1);

/**
 * The years in which a gauge can have reported: a date before the district's first gauge or after 2199 is a misreading.
 */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2199;

/** An existing calendar day, or undefined for a date such as 30 February. */
export function dayOf(year: number, month: number, dayOfMonth: number): Day | undefined {
  const time = Date.UTC(year, month - 1, dayOfMonth);
  const date = new Date(time);
  const exists =
    Number.isInteger(year) &&
    year >= FIRST_YEAR &&
    year <= LAST_YEAR &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === dayOfMonth;
  return exists ? toDay(time) : undefined;
}

/** The day of an Excel serial number; the time of day is dropped. */
export function dayOfSerial(serial: number, epoch: 1900 | 1904 = 1900): Day | undefined {
  const time = (epoch === 1900 ? EXCEL_EPOCH : EXCEL_1904_EPOCH) + Math.floor(serial) * MILLISECONDS_A_DAY;
  if (!Number.isFinite(time) || Math.abs(time) > 8e15) return undefined;
  const date = new Date(time);
  return dayOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
}

/** The Excel serial number of a day, in the 1900 date system. */
export const serialOf = (day: Day): number => (Date.parse(day) - EXCEL_EPOCH) / MILLISECONDS_A_DAY;

export const addDays = (day: Day, count: number): Day => toDay(Date.parse(day) + count * MILLISECONDS_A_DAY);

export const dayOfMonth = (day: Day): number => Number(day.slice(8, 10));

export function monthOf(year: number, month: number): Month {
  if (!Number.isInteger(year) || year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12) {
    throw new RangeError(`${year}-${month} is no month of a rain record`);
  }
  // Safe: the text is checked above.
  return `${year}-${String(month).padStart(2, "0")}` as Month;
}

// Safe: only this file creates days, and a day always begins with its month.
export const monthOfDay = (day: Day): Month => day.slice(0, 7) as Month;

export const yearOfMonth = (month: Month): number => Number(month.slice(0, 4));

export const numberOfMonth = (month: Month): number => Number(month.slice(5, 7));

export const daysInMonth = (month: Month): number =>
  new Date(Date.UTC(yearOfMonth(month), numberOfMonth(month), 0)).getUTCDate();

// Safe: the caller's month exists and bounds the day of the month.
export const dayIn = (month: Month, dayOfMonth: number): Day =>
  `${month}-${String(dayOfMonth).padStart(2, "0")}` as Day;

/** A water year runs from 1 October of the year before to 30 September: November 2019 belongs to 2020. */
export const waterYearOf = (day: Day): number =>
  Number(day.slice(0, 4)) + (Number(day.slice(5, 7)) >= 10 ? 1 : 0);

/** The twelve months of a water year, October first. */
export const monthsOfWaterYear = (waterYear: number): Month[] =>
  [10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((month) =>
    monthOf(month >= 10 ? waterYear - 1 : waterYear, month),
  );

/** The current day in Arizona: UTC minus seven hours, all year round. */
export const todayInArizona = (now: Date = new Date()): Day => toDay(now.getTime() - 7 * 3_600_000);

/** The abbreviations in the workbook's sheet names, January first. */
export const MONTH_ABBREVIATIONS = [
  ...["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
] as const;

// Safe: toISOString of a UTC midnight begins with its day.
const toDay = (time: number): Day => new Date(time).toISOString().slice(0, 10) as Day;
