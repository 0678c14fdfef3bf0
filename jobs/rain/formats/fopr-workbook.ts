import { addDays, type Day, dayOf, dayOfSerial, waterYearOf } from "../calendar";
import { LARGEST_INCHES, type Outage, type Part, type Problem, type Reading, RefusedFile } from "../reading";
import { type Cell, columnName, numberIn, type Row, textIn } from "./cell";
import { Spreadsheet } from "./spreadsheet";
import { StationSheet } from "./station-sheet";

const METADATA = "Meta_Stats";
const OUTAGES = "DownTime";
const YEAR_SHEET = /^\d{4}$/;

/**
 * Reads `FOPR/{id}_FOPR.xlsx`, the official record of one gauge: its description, its outages and a sheet for each
 * water year. A file with another station number than requested is refused; otherwise its rain would be stored under
 * the wrong gauge.
 */
export async function* parseFoprWorkbook(bytes: Uint8Array, expectedGauge?: string): AsyncGenerator<Part> {
  const spreadsheet = await Spreadsheet.open(bytes);
  if (!spreadsheet.sheetNames.includes(METADATA)) throw new RefusedFile(`it has no sheet ${METADATA}`);
  const years = spreadsheet.sheetNames.filter((name) => YEAR_SHEET.test(name)).sort();
  if (years.length === 0) throw new RefusedFile("it has no sheet of a water year");

  const metadata = new StationSheet(METADATA, spreadsheet.epoch);
  for await (const row of spreadsheet.rows(METADATA)) metadata.read(row);
  const station = metadata.station();
  const { gauge } = station;
  if (expectedGauge && gauge !== expectedGauge) {
    throw new RefusedFile(`it is the record of gauge ${gauge}, not of ${expectedGauge}`);
  }
  yield { kind: "station", station };
  for (const problem of metadata.problems) yield { kind: "problem", problem };

  const outages: Outage[] = [];
  if (spreadsheet.sheetNames.includes(OUTAGES)) {
    for await (const row of spreadsheet.rows(OUTAGES)) {
      const outage = readOutage(row, gauge, spreadsheet.epoch);
      if (outage) outages.push(outage);
    }
  }
  for (const outage of outages) yield { kind: "outage", outage };

  for (const year of years) {
    const sheet = new YearSheet(year, gauge, spreadsheet.epoch);
    for await (const row of spreadsheet.rows(year)) sheet.read(row);
    for (const problem of sheet.problems) yield { kind: "problem", problem };
    for (const reading of sheet.readings) annotateFrom(outages, reading);
    if (sheet.readings.length > 0) yield { kind: "readings", readings: sheet.readings };
    if (sheet.total !== undefined) {
      yield { kind: "total", total: { gauge, from: sheet.first, to: sheet.last, inches: sheet.total } };
    }
  }
}

/**
 * One water year, oldest day first. Only rows with a date count. The placeholder of 29 February is an empty row in most
 * years and absent in some, so row numbers are unreliable.
 */
class YearSheet {
  readonly readings: Reading[] = [];
  readonly problems: Problem[] = [];
  readonly first: Day;
  readonly last: Day;
  total: number | undefined;
  private readonly days = new Set<Day>();
  private readonly waterYear: number;

  constructor(
    private readonly name: string,
    private readonly gauge: string,
    private readonly epoch: 1900 | 1904,
  ) {
    this.waterYear = Number(name);
    const first = dayOf(this.waterYear - 1, 10, 1);
    const last = dayOf(this.waterYear, 9, 30);
    if (!first || !last) throw new RefusedFile(`its sheet ${name} is no water year`);
    [this.first, this.last] = [first, last];
  }

  read(row: Row): void {
    const value = row.cells.get(2);
    if (row.cells.has(1)) {
      const day = this.dayOf(row);
      if (!day) return;
      this.days.add(day);
      const reading = this.reading(row, value, day);
      if (reading) this.readings.push(reading);
    } else if (value?.kind === "number" && value.formula) {
      this.total = value.number;
    } else if (value) {
      this.problem(row, 2, value, "a value without a date is not imported");
    }
  }

  private dayOf(row: Row): Day | undefined {
    const cell = row.cells.get(1);
    const serial = numberIn(cell);
    const day = serial === undefined ? undefined : dayOfSerial(serial, this.epoch);
    if (!day || !Number.isInteger(serial)) return this.problem(row, 1, cell, "this is no date");
    if (waterYearOf(day) !== this.waterYear) {
      return this.problem(row, 1, cell, `${day} is not in water year ${this.name}: the row is not imported`);
    }
    if (this.days.has(day)) return this.problem(row, 1, cell, `${day} has a row already`);
    return day;
  }

  private reading(row: Row, cell: Cell | undefined, day: Day): Reading | undefined {
    const { gauge } = this;
    const text = textIn(cell);
    if (!cell || !text) return { gauge, day, inches: null, quality: "not-reported" };
    if (/^_+$|^n\/?a$/i.test(text)) return { gauge, day, inches: null, quality: "missing" };
    if (cell.kind !== "number") return this.problem(row, 2, cell, "this is neither a number nor underscores");
    if (cell.number < 0) return this.problem(row, 2, cell, "rain cannot be negative");
    if (cell.number > LARGEST_INCHES) return this.problem(row, 2, cell, "no gauge can hold so much");
    return { gauge, day, inches: cell.number, quality: "good" };
  }

  private problem(row: Row, column: number, cell: Cell | undefined, reason: string): undefined {
    const where = `${this.name}!${columnName(column)}${row.number}`;
    this.problems.push({ where, text: (cell?.text ?? "").slice(0, 100), reason, lost: 1 });
  }
}

/** The code in the last column of an outage, for the quality of the values in it. */
const CODES: Readonly<Record<number, "incomplete" | "estimated">> = { 2: "incomplete", 3: "estimated" };

/** Columns: gauge, start, count, end, count, days down, cause, notes, code. Other rows are headings and sums. */
function readOutage(row: Row, gauge: string, epoch: 1900 | 1904): Outage | undefined {
  const serials = [2, 4].map((column) => numberIn(row.cells.get(column)));
  const [from, to] = serials.map((serial) => (serial === undefined ? undefined : dayOfSerial(serial, epoch)));
  if (!row.cells.has(1) || !from || !to || to < from) return undefined;
  const daysDown = numberIn(row.cells.get(6));
  const quality = CODES[numberIn(row.cells.get(9)) ?? 1];
  return {
    gauge,
    from,
    to,
    ...(daysDown !== undefined && { daysDown }),
    cause: textIn(row.cells.get(7)) ?? "unknown",
    notes: textIn(row.cells.get(8)) ?? "",
    ...(quality && { quality }),
  };
}

function annotateFrom(outages: readonly Outage[], reading: Reading): void {
  for (const { from, to, cause, notes, quality } of outages) {
    const assigned = daysAssigned(notes, from);
    if ((reading.day < from || reading.day > to) && !assigned.includes(reading.day)) continue;
    const text = `Down from ${from} through ${to}: ${cause}${notes ? `; ${notes}` : ""}`;
    reading.footnote = reading.footnote ? `${reading.footnote}\n${text}` : text;
    if (reading.inches === null) continue;
    if (assigned.includes(reading.day)) reading.quality = "estimated";
    else if (quality) reading.quality = quality;
  }
}

/** `Assigned 15mm to 6/24`: the day is near the outage and in the same year, except at the turn of a year. */
function daysAssigned(notes: string, from: Day): Day[] {
  const match = /\b(?:assigned|estimated)\s+\d+\s*mm\s+(?:to|for|on)\s+(\d{1,2})\/(\d{1,2})/i.exec(notes);
  if (!match) return [];
  const year = Number(from.slice(0, 4));
  return [year - 1, year, year + 1]
    .map((each) => dayOf(each, Number(match[1]), Number(match[2])))
    .filter((day): day is Day => day !== undefined && addDays(day, 100) > from && addDays(from, 100) > day);
}
