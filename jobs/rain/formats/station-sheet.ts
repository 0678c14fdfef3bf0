import { type Day, dayOf, dayOfSerial } from "../calendar";
import { type FormerId, type Problem, RefusedFile, type Station } from "../reading";
import { type Cell, numberIn, type Row, textIn } from "./cell";
import { gaugeIdIn } from "./gauge-id";

/** Durations of the greatest totals, from their label to the stored name. */
const DURATIONS: Readonly<Record<string, string>> = {
  "15-min.": "15min",
  "1 hour": "1hr",
  "3 hour": "3hr",
  "6 hour": "6hr",
  "24 hour": "24hr",
  "72 hour": "72hr",
};

/** The partner networks cover all of Arizona, not only the county; the state's highest point is 12,633 ft. */
const BOUNDS = { latitude: [31, 37.5], longitude: [-115, -108.5], elevation: [0, 13_000] } as const;

/** The description of a gauge. Rows are found by the words in column A, never by number. */
export class StationSheet {
  readonly problems: Problem[] = [];
  private readonly rows = new Map<string, Row>();
  private readonly statistics: Record<string, number | string> = {};
  private updated: Day | undefined;

  constructor(
    private readonly name: string,
    private readonly epoch: 1900 | 1904,
  ) {}

  read(row: Row): void {
    const label = textIn(row.cells.get(1))?.toLowerCase();
    if (label && !this.rows.has(label)) this.rows.set(label, row);
    this.readStorms(row);
    if (label) this.readGreatest(row, label);
    for (const [column, cell] of row.cells) {
      if (/^updated:$/i.test(cell.text)) this.updated = this.day(row.cells.get(column + 1));
    }
  }

  station(): Station {
    const history = this.required("gage id # history:", 2);
    const [current = "", ...former] = history.split(";");
    const gauge = gaugeIdIn(current);
    if (!gauge) throw new RefusedFile(`its gauge number is \`${history}\`, which begins with no number`);
    const optional = <K extends string, T>(key: K, value: T | undefined) =>
      // safe: one key, which has the type of its value
      (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
    const [averageLabel, averageRow] =
      [...this.rows].find(([label]) => label.startsWith("average annual precipitation")) ?? [];
    return {
      gauge,
      name: this.required("station name:", 2),
      type: this.text("station type:") ?? "Rain",
      formerIds: former.flatMap((text) => this.formerId(text.trim())),
      ...optional("city", this.text("in or nearest city/town:")),
      county: this.text("county:") ?? "Maricopa",
      latitude: this.coordinate("latitude"),
      longitude: this.coordinate("longitude"),
      ...optional("elevationFeet", this.elevation()),
      ...optional("location", this.text("location:")),
      ...optional("dataBegins", this.day(this.cell("data begins:", 2))),
      ...optional("updated", this.updated),
      ...optional("averageAnnualInches", numberIn(averageRow?.cells.get(4))),
      ...optional("completeYears", wholeNumberIn(/for (\d+) complete/.exec(averageLabel ?? "")?.[1])),
      ...optional("incompleteMonths", countOrWords(this.cell("data - incomplete months:", 2))),
      ...optional("missingMonths", countOrWords(this.cell("data - missing months:", 2))),
      ...optional("remarks", this.text("remarks:")),
      statistics: this.statistics,
    };
  }

  /** `4695 prior to 2/20/2018`; an entry without a number is reported instead of becoming an alias. */
  private formerId(text: string): FormerId[] {
    if (!text) return [];
    const id = gaugeIdIn(text);
    if (!id) {
      this.problems.push({ where: `${this.name}!B4`, text, reason: "a former number is expected here" });
      return [];
    }
    const date = /prior to (\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})\b/i.exec(text);
    const year = Number(date?.[3]);
    const until = date ? dayOf(year < 100 ? 2000 + year : year, Number(date[1]), Number(date[2])) : undefined;
    if (!until) {
      const reason = "the day until which this number was used is not given, so it is not taken for an alias";
      this.problems.push({ where: `${this.name}!B4`, text, reason });
      return [];
    }
    return [{ id, until, text }];
  }

  private coordinate(which: "latitude" | "longitude"): number {
    const value = numberIn(this.cell(`${which}:`, 3));
    if (value === undefined) throw new RefusedFile(`sheet ${this.name} has no decimal ${which} in column C`);
    const [low, high] = BOUNDS[which];
    if (value < low || value > high) {
      const reason = `the ${which} lies outside of Arizona (${low} to ${high})`;
      this.problems.push({ where: this.name, text: String(value), reason });
    }
    return value;
  }

  /** `1,465 ft.` */
  private elevation(): number | undefined {
    const text = this.text("elevation:");
    const feet = Number(text?.replaceAll(",", "").split(" ")[0]);
    if (text === undefined) return undefined;
    if (Number.isFinite(feet) && feet >= BOUNDS.elevation[0] && feet <= BOUNDS.elevation[1])
      return Math.round(feet);
    this.problems.push({ where: this.name, text, reason: "this is no elevation in feet" });
    return undefined;
  }

  /** Labels such as `1 inch in 24 hours:` are in column B, the count in C. */
  private readStorms(row: Row): void {
    const inches = /^(\d+) inch(?:es)? in 24 hours:$/i.exec(textIn(row.cells.get(2)) ?? "")?.[1];
    const count = numberIn(row.cells.get(3));
    if (inches && count !== undefined) this.statistics[`storms_gt_${inches}in_24h`] = count;
  }

  /** A greatest total, its day and its return period, which may be text such as `< 1`. */
  private readGreatest(row: Row, label: string): void {
    const duration = DURATIONS[/^greatest (.+) total:$/.exec(label)?.[1] ?? ""];
    if (!duration) return;
    const inches = numberIn(row.cells.get(2));
    const day = this.day(row.cells.get(3));
    const period = row.cells.get(4);
    if (inches !== undefined) this.statistics[`freq_${duration}_inches`] = inches;
    if (day) this.statistics[`freq_${duration}_date`] = day;
    if (period)
      this.statistics[`freq_${duration}_return_period_yrs`] = numberIn(period) ?? period.text.trim();
  }

  private required(label: string, column: number): string {
    const text = textIn(this.cell(label, column));
    if (!text) throw new RefusedFile(`sheet ${this.name} has nothing beside \`${label}\``);
    return text;
  }

  private cell(label: string, column: number): Cell | undefined {
    return this.rows.get(label)?.cells.get(column);
  }

  private text(label: string): string | undefined {
    return textIn(this.cell(label, 2));
  }

  private day(cell: Cell | undefined): Day | undefined {
    const serial = numberIn(cell);
    return serial === undefined ? undefined : dayOfSerial(serial, this.epoch);
  }
}

/** `None` is zero; other words are kept, because they do not mean zero. */
function countOrWords(cell: Cell | undefined): number | string | undefined {
  const text = textIn(cell);
  if (text === undefined) return undefined;
  return /^none$/i.test(text) ? 0 : (numberIn(cell) ?? wholeNumberIn(text) ?? text);
}

const wholeNumberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
