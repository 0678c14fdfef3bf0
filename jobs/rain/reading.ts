import type { Day, Month } from "./calendar";

/** The sources of daily readings, from the least to the most trusted. */
const SOURCES = ["pdf", "workbook", "fopr"] as const;

export type Source = (typeof SOURCES)[number];

/** How reliable a measured value is. */
export type MeasuredQuality =
  /** Measured, and no source contradicts it. */
  | "good"
  /** A number in the file that a footnote calls an estimate. */
  | "estimated"
  /** The provider states that rain was missed, so even a zero may be wrong. */
  | "incomplete";

/** Why a gauge has no value for a day. */
export type MissingQuality =
  /** The file marks the value as missing: the gauge was down or not installed yet. */
  | "missing"
  /** The file covers the day, but has no entry for this gauge. */
  | "not-reported";

/** A file's entry for one gauge on one day. Rain, a measured zero and a missing value are always distinct. */
export type Reading = {
  /** The station number as printed, which may be a former one. */
  readonly gauge: string;
  readonly day: Day;
  /** The provider's notes on this reading. */
  footnote?: string;
} & (
  | { readonly inches: number; quality: MeasuredQuality }
  | { readonly inches: null; quality: MissingQuality }
);

/** Something in a file that was not understood and not imported; the rest of the file was imported. */
export interface Problem {
  /** Position in the file: `OCT!C12`, `page 40`. */
  readonly where: string;
  /** The text found there, shortened. */
  readonly text: string;
  /** What is wrong with it. */
  readonly reason: string;
  /** How many values are not imported because of it; none where it is absent. */
  readonly lost?: number;
}

/** A sum in the file itself, kept to check our reading of the file. */
export interface StatedTotal {
  readonly gauge: string;
  readonly from: Day;
  readonly to: Day;
  readonly inches: number;
}

/**
 * A former number of a gauge. Readings under it belong to the gauge if they are before `until`, or all of them where
 * `until` is absent.
 */
export interface FormerId {
  readonly id: string;
  readonly until?: Day;
  /** The original text of the file. */
  readonly text: string;
}

/** The description of one gauge, from the first sheet of its own workbook. */
export interface Station {
  readonly gauge: string;
  readonly name: string;
  readonly type: string;
  readonly formerIds: readonly FormerId[];
  readonly city?: string;
  readonly county: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly elevationFeet?: number;
  readonly location?: string;
  readonly dataBegins?: Day;
  readonly updated?: Day;
  readonly averageAnnualInches?: number;
  readonly completeYears?: number;
  /** A number, or the text in its place. */
  readonly incompleteMonths?: number | string;
  readonly missingMonths?: number | string;
  readonly remarks?: string;
  /** Storm counts and greatest totals, under stable names. */
  readonly statistics: Readonly<Record<string, number | string>>;
}

/** A period in which a gauge did not report, from its own workbook. */
export interface Outage {
  readonly gauge: string;
  readonly from: Day;
  readonly to: Day;
  readonly daysDown?: number;
  readonly cause: string;
  readonly notes: string;
  /** The provider's code for values within the outage; undefined where they are good. */
  readonly quality?: "incomplete" | "estimated";
}

/** What a parser returns, part by part, in the order of the file. */
export type Part =
  | { readonly kind: "readings"; readonly readings: readonly Reading[] }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "name"; readonly gauge: string; readonly name: string }
  | { readonly kind: "total"; readonly total: StatedTotal }
  | { readonly kind: "station"; readonly station: Station }
  | { readonly kind: "outage"; readonly outage: Outage };

/** A part as it leaves the parser's thread: text is passed on much faster than objects. */
export type PackedPart = Exclude<Part, { kind: "readings" }> | PackedReadings;

/** Readings as the lines that PostgreSQL's COPY takes. */
export interface PackedReadings {
  readonly kind: "packed";
  readonly count: number;
  readonly lines: string;
}

/** The expected content of a file; a file with other content is refused as a whole. */
export type Expectation =
  | { readonly source: "workbook"; readonly waterYear: number }
  | { readonly source: "pdf"; readonly month: Month }
  | { readonly source: "fopr"; readonly gauge?: string };

/** More inches in a day than any gauge could measure: a larger value is a mistake, not rain. */
export const LARGEST_INCHES = 1_000;

/** The whole file is refused: nothing is imported. The message gives the reason to the person who imports it. */
export class RefusedFile extends Error {
  override readonly name = "RefusedFile";
}
