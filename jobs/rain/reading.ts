import type { Day, Month } from "./calendar";

/** The files that daily readings come from, from the least to the most trusted. */
export const SOURCES = ["pdf", "workbook", "fopr"] as const;

export type Source = (typeof SOURCES)[number];

/** How far a measured value can be believed. */
export type MeasuredQuality =
  /** Measured, and nobody says otherwise. */
  | "good"
  /** An ordinary number in the file; only a footnote says that somebody estimated it. */
  | "estimated"
  /** The provider says that rain was missed, so even a zero may be wrong. */
  | "incomplete";

/** Why a day of a gauge has no value. */
export type MissingQuality =
  /** The file says that the value is missing: the gauge was down or not there yet. */
  | "missing"
  /** The file speaks of the day, but says nothing about this gauge on it. */
  | "not-reported";

/** What a file says about one gauge on one day. Rain, a measured zero and a missing value are never confused. */
export type Reading = {
  /** The station number as printed, which may be an old one. */
  readonly gauge: string;
  readonly day: Day;
  /** What the provider's notes say about this very reading. */
  footnote?: string;
} & (
  | { readonly inches: number; quality: MeasuredQuality }
  | { readonly inches: null; quality: MissingQuality }
);

/** Something in a file that was not understood, and so was not imported; the rest of the file was. */
export interface Problem {
  /** Where to look: `OCT!C12`, `page 40`. */
  readonly where: string;
  /** What stands there, shortened. */
  readonly text: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** A sum that the file itself states, kept to check our reading of the file against. */
export interface StatedTotal {
  readonly gauge: string;
  readonly from: Day;
  readonly to: Day;
  readonly inches: number;
}

/** A former number of a gauge; readings under it belong to the gauge until (and without) the given day. */
export interface FormerId {
  readonly id: string;
  readonly until?: Day;
  /** The words of the file. */
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
  /** A number, or the words that stand in its place. */
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
  /** What the provider's code says of values within the outage; undefined where they are good. */
  readonly quality?: "incomplete" | "estimated";
}

/** What a parser hands out, part after part, in the order of the file. */
export type Part =
  | { readonly kind: "readings"; readonly readings: readonly Reading[] }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "name"; readonly gauge: string; readonly name: string }
  | { readonly kind: "total"; readonly total: StatedTotal }
  | { readonly kind: "station"; readonly station: Station }
  | { readonly kind: "outage"; readonly outage: Outage };

/** What the file is supposed to be; a file that is something else is refused whole. */
export type Expectation =
  | { readonly source: "workbook"; readonly waterYear: number }
  | { readonly source: "pdf"; readonly month: Month }
  | { readonly source: "fopr"; readonly gauge?: string };

/** More inches in a day than any gauge could hold: a cell above this is a mistake, not rain. */
export const LARGEST_INCHES = 1_000;

/** The whole file is refused: nothing of it is imported. The message says why, in words for the person importing. */
export class RefusedFile extends Error {
  override readonly name = "RefusedFile";
}
