import { type Day, dayIn, dayOfSerial, daysInMonth, type Month, monthOfDay, yearOfMonth } from "../calendar";
import { LARGEST_INCHES, type Part, type Problem, type Reading, RefusedFile } from "../reading";
import { type Cell, columnName, numberIn, type Row, textIn } from "./cell";
import { annotate, readFootnote } from "./footnote";
import { gaugeIdIn } from "./gauge-id";

const DATE_COLUMN = 1;
const NOTE_COLUMN = 2;
const HEADINGS_ROW_LIMIT = 10;

/** A gauge's column in the sheet, and its readings. */
interface Column {
  readonly gauge: string;
  readonly readings: Reading[];
}

/** The part of the sheet that the next row belongs to: titles, then daily rows, then references, then the notes. */
type Section = "title" | "days" | "references" | "notes";

/**
 * One month of a water-year workbook, collected row by row. Days run backwards and are at the bottom of the block, so a
 * short month starts with empty rows: these are skipped, and only `Totals:` ends the block.
 */
export class MonthSheet {
  private section: Section = "title";
  private idRow = 0;
  private readonly columns = new Map<number, Column>();
  private readonly days = new Set<Day>();
  private readonly totals = new Map<number, number>();
  private readonly references = new Map<number, string>();
  private readonly notes = new Map<number, string>();
  private readonly problems: Problem[] = [];

  constructor(
    private readonly name: string,
    private readonly month: Month,
    private readonly epoch: 1900 | 1904,
    private readonly comments: ReadonlyMap<string, string>,
  ) {}

  read(row: Row): void {
    const label = textIn(row.cells.get(DATE_COLUMN)) ?? "";
    if (this.section === "title") {
      if (row.number === 1) this.checkTitle(label);
      if (/^gage id/i.test(label)) this.readIds(row);
      else if (row.number > HEADINGS_ROW_LIMIT) throw this.refusal("no row begins with `Gage ID`");
    } else if (this.section === "days") {
      if (/^totals/i.test(label)) this.readTotals(row);
      else this.readDay(row);
    } else if (/^footnotes/i.test(label)) {
      this.section = "notes";
    } else if (this.section === "references") {
      for (const [column, cell] of row.cells) this.references.set(column, textIn(cell) ?? "");
    } else {
      this.readNote(row);
    }
  }

  /** How many gauges have a column. */
  get gauges(): number {
    return this.columns.size;
  }

  /** The content of the whole sheet. A sheet without totals was cut off or has another layout. */
  *parts(): Generator<Part> {
    if (this.section === "title") throw this.refusal("no row begins with `Gage ID`");
    if (this.section === "days") throw this.refusal("the daily rows do not end with `Totals:`");
    this.attachNotes();
    for (const problem of this.problems) yield { kind: "problem", problem };
    for (const [number, { gauge, readings }] of this.columns) {
      const name = this.comments.get(`${columnName(number)}${this.idRow}`);
      if (name) yield { kind: "name", gauge, name };
      if (readings.length > 0) yield { kind: "readings", readings };
      const inches = this.totals.get(number);
      if (inches === undefined) continue;
      const [from, to] = [dayIn(this.month, 1), dayIn(this.month, daysInMonth(this.month))];
      yield { kind: "total", total: { gauge, from, to, inches } };
    }
  }

  private checkTitle(title: string): void {
    const end = /([A-Z][a-z]+) (\d{4})$/.exec(title);
    const month = end?.[1]?.slice(0, 3).toUpperCase();
    if (end && (month !== this.name || Number(end[2]) !== yearOfMonth(this.month))) {
      throw this.refusal(`its title speaks of ${end[0]} where ${this.month} belongs`);
    }
  }

  private readIds(row: Row): void {
    const seen = new Set<string>();
    for (const [column, cell] of row.cells) {
      if (column === DATE_COLUMN) continue;
      const gauge = gaugeIdIn(cell.text);
      if (!gauge) {
        const lost = daysInMonth(this.month);
        this.problem(row, column, cell, "this is no gauge number, so the column is not imported", lost);
      } else if (seen.has(gauge)) this.problem(row, column, cell, "the gauge has a column already", 0);
      else this.columns.set(column, { gauge, readings: [] });
      if (gauge) seen.add(gauge);
    }
    if (this.columns.size === 0) throw this.refusal("the `Gage ID` row names no gauge");
    this.idRow = row.number;
    this.section = "days";
  }

  private readDay(row: Row): void {
    const values = [...row.cells.keys()].filter((column) => this.columns.has(column)).length;
    const day = values > 0 ? this.dayOf(row, values) : undefined;
    if (!day) return;
    this.days.add(day);
    for (const [column, { gauge, readings }] of this.columns) {
      const reading = this.reading(row, column, gauge, day);
      if (reading) readings.push(reading);
    }
  }

  /** The day of a row with values; a row without a readable date is a problem, because its values are lost. */
  private dayOf(row: Row, values: number): Day | undefined {
    const cell = row.cells.get(DATE_COLUMN);
    const serial = numberIn(cell);
    const day = serial === undefined ? undefined : dayOfSerial(serial, this.epoch);
    if (!day || !Number.isInteger(serial)) {
      const reason = "a row with values, but without a date, is not imported";
      return this.problem(row, DATE_COLUMN, cell, reason, values);
    }
    if (monthOfDay(day) !== this.month) {
      const reason = `${day} is not in ${this.month}: the row is not imported`;
      return this.problem(row, DATE_COLUMN, cell, reason, values);
    }
    if (this.days.has(day)) return this.problem(row, DATE_COLUMN, cell, `${day} has a row already`, values);
    return day;
  }

  private reading(row: Row, column: number, gauge: string, day: Day): Reading | undefined {
    const cell = row.cells.get(column);
    const text = textIn(cell);
    if (!cell || !text) return { gauge, day, inches: null, quality: "not-reported" };
    // Older files mark missing days with underscores, and some store numbers as text.
    if (/^n\/?a$|^_+$/i.test(text)) return { gauge, day, inches: null, quality: "missing" };
    const inches =
      cell.kind === "number"
        ? cell.number
        : cell.kind === "text" && /^\d+(\.\d+)?$/.test(text)
          ? Number(text)
          : undefined;
    if (inches === undefined) return this.problem(row, column, cell, "this is neither a number nor N/A");
    if (inches < 0) return this.problem(row, column, cell, "rain cannot be negative");
    if (inches > LARGEST_INCHES) return this.problem(row, column, cell, "no gauge can hold so much");
    return { gauge, day, inches, quality: "good" };
  }

  private readTotals(row: Row): void {
    for (const column of this.columns.keys()) {
      const total = numberIn(row.cells.get(column));
      if (total !== undefined) this.totals.set(column, total);
    }
    this.section = "references";
  }

  private readNote(row: Row): void {
    const text = textIn(row.cells.get(NOTE_COLUMN)) ?? textIn(row.cells.get(DATE_COLUMN));
    const note = text && /^(\d{1,3})\.\s*(.+)$/.exec(text);
    if (note?.[1] && note[2]) this.notes.set(Number(note[1]), note[2]);
    else if (text) this.problem(row, NOTE_COLUMN, row.cells.get(NOTE_COLUMN), "this note has no number", 0);
  }

  /** References may be numbers or words; a note without a reference is matched by the gauge that it names. */
  private attachNotes(): void {
    const unreferenced = new Set(this.notes.keys());
    for (const [column, reference] of this.references) {
      const readings = this.columns.get(column)?.readings;
      if (!readings || !reference) continue;
      const numbers = /^\(([\d,\s]+)\)$/.exec(reference)?.[1]?.split(",").map(Number);
      if (!numbers) annotate(readings, readFootnote(reference, this.month));
      for (const number of numbers ?? []) {
        const text = this.notes.get(number);
        if (text) annotate(readings, readFootnote(text, this.month));
        else this.problems.push({ where: this.name, text: reference, reason: `there is no note ${number}` });
        unreferenced.delete(number);
      }
    }
    for (const number of unreferenced) {
      const text = this.notes.get(number) ?? "";
      const gauge = /^(?:gage|station)\s+(\d+)/i.exec(text)?.[1];
      const column = [...this.columns.values()].find((each) => each.gauge === gauge);
      if (column) annotate(column.readings, readFootnote(text, this.month));
      else this.problems.push({ where: this.name, text, reason: `no column refers to note ${number}` });
    }
  }

  private problem(row: Row, column: number, cell: Cell | undefined, reason: string, lost = 1): undefined {
    const where = `${this.name}!${columnName(column)}${row.number}`;
    this.problems.push({ where, text: cell?.text.slice(0, 100) ?? "", reason, lost });
  }

  private refusal(reason: string): RefusedFile {
    return new RefusedFile(`sheet ${this.name} is not laid out as a month: ${reason}`);
  }
}
