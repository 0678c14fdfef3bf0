import { createHash } from "node:crypto";
import {
  type Day,
  monthOfDay,
  monthsOfWaterYear,
  numberOfMonth,
  todayInArizona,
  waterYearOf,
} from "../../../jobs/rain";
import { daysOfMonths, foprWorkbook, type GeneratedGauge, waterYearWorkbook } from "./rain-files";

/** A generated record of rain in the provider's formats. */
interface SampleRecord {
  /** Files by their path at the provider. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly gauges: number;
  readonly waterYears: readonly number[];
  /** The readings that an import must find in the workbooks of these years. */
  readonly readings: number;
  readonly inches: number;
}

const PLACES = [
  ...["Papago Park", "Skunk Creek", "Osborn Road", "Thunderbird", "Dreamy Draw", "South Mountain Park"],
  ...["Cave Creek", "New River Landfill", "Lake Pleasant", "Waterman Wash", "Rainbow Valley", "Gila Bend"],
  ...["Usery Mountain", "Apache Trail", "Queen Creek", "Wickenburg Airport"],
];

/** The chance of rain on a day, in percent by month: winter storms, a dry spring, the monsoon. */
const CHANCE = [12, 13, 12, 5, 3, 1, 14, 18, 11, 7, 7, 11];

/** The largest possible daily sum by month, in hundredths of an inch. */
const GREATEST = [90, 100, 90, 50, 40, 20, 160, 190, 150, 100, 70, 90];

/**
 * Generates the files of the previous and the current water year, up to yesterday, and an official record of each
 * gauge. The same day always has the same rain, so tomorrow's file equals today's with one more day.
 */
export function sampleRecord(today: Day = todayInArizona()): SampleRecord {
  const current = waterYearOf(today);
  const waterYears = [current - 1, current];
  const files = new Map<string, Uint8Array>();
  const values: (number | null)[] = [];
  for (const year of waterYears) {
    const days = daysOfMonths(monthsOfWaterYear(year)).filter((day) => day < today);
    const gauges = PLACES.map((_, index) => gaugeOf(index, days));
    values.push(...gauges.flatMap((gauge) => [...gauge.days.values()]));
    files.set(`pcp_WY_${year}.xlsx`, waterYearWorkbook(year, gauges));
  }
  const known = daysOfMonths(monthsOfWaterYear(current - 1));
  PLACES.forEach((_, index) => {
    const gauge = gaugeOf(index, known);
    files.set(`FOPR/${gauge.id}_FOPR.xlsx`, foprWorkbook(gauge));
  });
  const hundredths = values.reduce<number>((sum, inches) => sum + Math.round((inches ?? 0) * 100), 0);
  return { files, gauges: PLACES.length, waterYears, readings: values.length, inches: hundredths / 100 };
}

function gaugeOf(index: number, days: readonly Day[]): GeneratedGauge {
  const id = String(10_000 + 2_500 * index);
  return {
    id,
    name: PLACES[index] ?? id,
    days: new Map(days.map((day) => [day, rainOn(id, day)])),
  };
}

/** A storm affects all gauges to a varying degree; sometimes a gauge is out of order. */
function rainOn(gauge: string, day: Day): number | null {
  const month = numberOfMonth(monthOfDay(day)) - 1;
  const [storm = 0, strength = 0] = draws(day);
  const [hit = 0, share = 0, outage = 0] = draws(`${gauge} ${day}`);
  if (outage < 0.002) return null;
  if (storm * 100 >= (CHANCE[month] ?? 0) || hit < 0.25) return 0;
  return Math.max(1, Math.round((GREATEST[month] ?? 0) * strength ** 2 * (0.3 + share))) / 100;
}

/** Pseudo-random numbers from 0 to 1, derived from a text. */
function draws(text: string): number[] {
  const digest = createHash("sha256").update(text).digest();
  return [0, 4, 8].map((at) => digest.readUInt32BE(at) / 2 ** 32);
}
