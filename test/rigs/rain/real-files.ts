import { parse } from "../../../jobs/rain/formats";
import type { Expectation, Part, Reading } from "../../../jobs/rain/reading";
import { collect, realFile } from "./files";

/** Each file is read once, by the first test that asks for it. */
const readings = new Map<string, ReturnType<typeof collect>>();

export function readRealFile(name: string, expected: Expectation): ReturnType<typeof collect> {
  const known = readings.get(name) ?? collect(parse(realFile(name), expected));
  readings.set(name, known);
  return known;
}

/** How many readings with rain, dry and missing, and the sum of the rain. */
export function census(readings: readonly Reading[]) {
  const measured = readings.filter((reading) => reading.inches !== null);
  return {
    rain: measured.filter(({ inches }) => inches !== 0).length,
    zero: measured.filter(({ inches }) => inches === 0).length,
    missing: readings.filter(({ quality }) => quality === "missing").length,
    sum: Number(measured.reduce((total, { inches }) => total + (inches ?? 0), 0).toFixed(5)),
  };
}

export const at = (readings: readonly Reading[], gauge: string, day: string) =>
  readings.find((reading) => reading.gauge === gauge && reading.day === day);

export const totalsOf = (others: readonly Part[]) =>
  others.flatMap((part) => (part.kind === "total" ? [part.total] : []));
