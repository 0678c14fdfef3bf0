import { deflateSync, inflateSync } from "node:zlib";
import {
  daysOfMonths,
  foprSheets,
  type GeneratedGauge,
  monthlyPdf,
  waterYearSheets,
  xlsx,
} from "../../../cli/start/samples";
import { type Month, monthOf, monthsOfWaterYear } from "../../../jobs/rain/calendar";
import { IsolatedParser } from "../../../jobs/rain/formats";
import { type Expectation, RefusedFile } from "../../../jobs/rain/reading";
import { seeded } from "../seeded";
import { mutated, mutatedWorkbook } from "./mutations";

interface FuzzResult {
  /** Files that were read, wholly or with problems. */
  readonly read: number;
  readonly refused: number;
  /** Files that no parser may produce: crashed, hung, or swallowed memory. */
  readonly failures: readonly string[];
}

const LIMITS = { seconds: 5, memoryMiB: 512 };

const gauge = (id: string, months: readonly Month[]): GeneratedGauge => ({
  id,
  days: new Map(
    daysOfMonths(months).map((day, index) => [day, index % 11 === 0 ? null : (index % 5) * 0.04]),
  ),
  notes: new Map(
    months.map((month) => [month, `Gage ${id} down from 1/02 12:00 (6) through 1/04 12:00 (?).`]),
  ),
});

const JANUARY = monthOf(2023, 1);
const YEAR = monthsOfWaterYear(2023);

/** What is damaged for each parser, and what it is then read as. */
const TARGETS: Readonly<
  Record<Expectation["source"], () => { expected: Expectation; damage: (random: () => number) => Uint8Array }>
> = {
  workbook: () => {
    const sheets = waterYearSheets(2023, [gauge("1000", YEAR), gauge("59700", YEAR)]);
    const whole = xlsx(sheets);
    return {
      expected: { source: "workbook", waterYear: 2023 },
      damage: (random) => mutatedWorkbook(sheets, whole, random),
    };
  },
  fopr: () => {
    const sheets = foprSheets(gauge("59700", YEAR), { history: "59700; 4695 prior to 2/20/2018" });
    const whole = xlsx(sheets);
    return { expected: { source: "fopr" }, damage: (random) => mutatedWorkbook(sheets, whole, random) };
  },
  pdf: () => {
    const whole = monthlyPdf(JANUARY, [gauge("1000", [JANUARY]), gauge("59700", [JANUARY])]);
    return {
      expected: { source: "pdf", month: JANUARY },
      damage: (random) => (random() < 0.5 ? mutated(whole, random) : withMutatedContent(whole, random)),
    };
  },
};

/** Gives a parser so many damaged files, the same ones for the same seed. */
export async function fuzz(source: Expectation["source"], count: number, seed: number): Promise<FuzzResult> {
  const { expected, damage } = TARGETS[source]();
  const random = seeded(seed);
  const parser = new IsolatedParser(LIMITS);
  const failures: string[] = [];
  let [read, refused] = [0, 0];
  try {
    for (let index = 0; index < count; index++) {
      try {
        for await (const _ of parser.parse(damage(random), expected));
        read += 1;
      } catch (error) {
        if (error instanceof RefusedFile && !/takes (?:more|longer) than/.test(error.message)) refused += 1;
        else failures.push(`seed ${seed}, file ${index}: ${(error as Error).message}`);
      }
    }
  } finally {
    await parser.close();
  }
  return { read, refused, failures };
}

/** Damages what a page draws, under an intact compression. */
function withMutatedContent(file: Uint8Array, random: () => number): Uint8Array {
  const bytes = Buffer.from(file);
  const start = bytes.indexOf("stream\n") + 7;
  const end = bytes.indexOf("\nendstream");
  const content = deflateSync(mutated(inflateSync(bytes.subarray(start, end)), random));
  const head = bytes
    .subarray(0, start)
    .toString("latin1")
    .replace(/\/Length \d+>>\nstream\n$/, `/Length ${content.length}>>\nstream\n`);
  return Buffer.concat([Buffer.from(head, "latin1"), content, bytes.subarray(end)]);
}
