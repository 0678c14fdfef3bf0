import { addDays, type Day, dayOf, type Month, monthOfDay, yearOfMonth } from "../calendar";
import { type Problem, type Reading, RefusedFile } from "../reading";
import { annotate, readFootnote } from "./footnote";
import { gaugeIdIn } from "./gauge-id";

/** Attached to a value, before it or after it: `0.55(1)`, `(2)____`. */
const MARKER = /\((\d{1,2})\)/;
const DAY_LINE = /^(\d{1,2})\/(\d{1,2})\/(\d{2})\s+(.*)$/;
const FOOTER = /\bPage \d+$/;
const HEADING = /^G\d{3,}:/;

/** Where a marker was: on one day of a gauge, or on its total and so on its whole month. */
interface Mark {
  readonly gauge: string;
  readonly note: number;
  readonly day?: Day;
}

/** One page of the monthly PDF: a group of gauges, their days, totals and notes. Each page numbers its notes from 1. */
export class GroupPage {
  gauges: string[] = [];
  readonly days = new Set<Day>();
  /** Days whose line exists but was not understood: reported as problems instead of missing. */
  readonly unreadableDays = new Set<Day>();
  readonly readings: Reading[] = [];
  readonly totals = new Map<string, number>();
  readonly problems: Problem[] = [];
  private readonly marks: Mark[] = [];
  private readonly notes = new Map<number, string>();
  private currentNote = 0;
  /** Columns whose gauge is already on another page. */
  private readonly repeated = new Set<string>();

  constructor(
    private readonly number: number,
    private readonly month: Month,
    private readonly seen: Set<string>,
  ) {}

  read(line: string): void {
    const day = DAY_LINE.exec(line);
    if (/^gage id\b/i.test(line)) this.readIds(line);
    else if (day) this.readDay(line, day);
    else if (/^totals:/i.test(line)) this.readTotals(line);
    else if (FOOTER.test(line)) this.currentNote = 0;
    else this.readNote(line);
  }

  /** Applies the notes to the readings, which needs the whole page. */
  finish(): void {
    if (this.gauges.length === 0)
      throw new RefusedFile(`page ${this.number} has no line that begins with \`Gage ID\``);
    for (const mark of this.marks) this.attach(mark);
  }

  private readIds(line: string): void {
    if (this.gauges.length > 0) throw new RefusedFile(`page ${this.number} has two lines of gauges`);
    const words = line.split(" ").slice(2);
    for (const word of words) {
      const gauge = gaugeIdIn(word);
      if (!gauge) throw new RefusedFile(`page ${this.number} names a gauge \`${word}\`, which is no number`);
      if (this.gauges.includes(gauge))
        throw new RefusedFile(`page ${this.number} names gauge ${gauge} twice`);
      this.gauges.push(gauge);
      if (this.seen.has(gauge)) {
        this.repeated.add(gauge);
        this.problem(word, "another page has this gauge already, so this column is not imported", 0);
      }
      this.seen.add(gauge);
    }
  }

  private readDay(line: string, [, month, dayOfMonth, year, rest = ""]: RegExpExecArray): void {
    const day = this.dayOf(line, Number(year), Number(month), Number(dayOfMonth));
    if (!day) return;
    const words = rest.split(" ");
    if (words.length !== this.gauges.length) {
      this.unreadableDays.add(day);
      const reason = `${words.length} values stand under ${this.gauges.length} gauges`;
      this.problem(line, reason, this.gauges.length);
      return;
    }
    this.days.add(day);
    for (const [index, gauge] of this.gauges.entries()) this.readValue(gauge, day, words[index] ?? "");
  }

  /** The page has no century; the file's name provides it. */
  private dayOf(line: string, year: number, month: number, dayOfMonth: number): Day | undefined {
    const expected = yearOfMonth(this.month);
    const day = year === expected % 100 ? dayOf(expected, month, dayOfMonth) : undefined;
    if (!day || monthOfDay(day) !== this.month) {
      const reason = `this day is not in ${this.month}: its line is not imported`;
      return this.problem(line, reason, this.gauges.length);
    }
    if (this.days.has(day)) return this.problem(line, `${day} has a line already`, this.gauges.length);
    return day;
  }

  private readValue(gauge: string, day: Day, word: string): void {
    if (this.repeated.has(gauge)) return;
    const value = this.unmarked(word, { gauge, day });
    if (/^_+$/.test(value)) this.readings.push({ gauge, day, inches: null, quality: "missing" });
    else if (/^\d{1,3}\.\d{1,3}$|^\d{1,3}$/.test(value)) {
      this.readings.push({ gauge, day, inches: Number(value), quality: "good" });
    } else this.problem(word, `gauge ${gauge} on ${day}: this is neither a number nor underscores`, 1);
  }

  private readTotals(line: string): void {
    const words = line.replace(/^totals:\s*/i, "").split(" ");
    if (words.length !== this.gauges.length) {
      this.problem(line, `${words.length} totals stand under ${this.gauges.length} gauges`, 0);
      return;
    }
    for (const [index, gauge] of this.gauges.entries()) {
      const value = this.unmarked(words[index] ?? "", { gauge });
      if (/^\d+\.\d+$/.test(value) && !this.repeated.has(gauge)) this.totals.set(gauge, Number(value));
    }
  }

  /** A note may continue on lines without a number. */
  private readNote(line: string): void {
    const start = /^\((\d{1,2})\)\s*(.+)$/.exec(line);
    if (start?.[2] && this.totals.size + this.days.size > 0) {
      this.currentNote = Number(start[1]);
      this.notes.set(this.currentNote, start[2]);
    } else if (this.currentNote > 0 && !HEADING.test(line)) {
      this.notes.set(this.currentNote, `${this.notes.get(this.currentNote)} ${line}`);
    }
  }

  /** Removes the marker from a value and records where it was; digits belong to a marker only in parentheses. */
  private unmarked(word: string, on: { gauge: string; day?: Day }): string {
    const marker = MARKER.exec(word);
    if (!marker) return word;
    this.marks.push({ ...on, note: Number(marker[1]) });
    return word.replace(MARKER, "");
  }

  private attach({ gauge, note, day }: Mark): void {
    const text = this.notes.get(note);
    if (!text) {
      this.problem(`(${note})`, `gauge ${gauge} refers to a note that the page does not have`, 0);
      return;
    }
    const readings = this.readings.filter((reading) => reading.gauge === gauge);
    const footnote = readFootnote(text, this.month);
    // A note on one day without a period covers that day and the outage that starts with it.
    const period = footnote.period ?? (day && { from: day, to: endOfOutage(readings, day) });
    annotate(readings, { ...footnote, ...(period && { period }) });
  }

  private problem(text: string, reason: string, lost: number): undefined {
    this.problems.push({ where: `page ${this.number}`, text: text.slice(0, 100), reason, lost });
  }
}

function endOfOutage(readings: readonly Reading[], from: Day): Day {
  const missing = new Set(readings.filter(({ inches }) => inches === null).map(({ day }) => day));
  let end = from;
  if (missing.has(end)) while (missing.has(addDays(end, 1))) end = addDays(end, 1);
  return end;
}
