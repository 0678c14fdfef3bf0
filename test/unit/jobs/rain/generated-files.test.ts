import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  daysOfMonths,
  foprWorkbook,
  type GeneratedGauge,
  type MarkerPlace,
  monthlyPdf,
  waterYearWorkbook,
} from "../../../../cli/start/samples";
import { type Day, type Month, monthOf, monthOfDay, monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { parse } from "../../../../jobs/rain/formats";
import type { Reading } from "../../../../jobs/rain/reading";
import { collect } from "../../../rigs/rain/files";

/** Tips of one millimetre, as the gauges count: mostly none. */
const tips = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 90 }) },
);
const inches = tips.map((count) => Number((count * 0.03937).toFixed(5)));
const measured = fc.oneof({ weight: 9, arbitrary: inches }, { weight: 1, arbitrary: fc.constant(null) });
const gaugeId = fc
  .oneof(fc.integer({ min: 1000, max: 4999 }), fc.integer({ min: 10_000, max: 99_999 }))
  .map(String);
const note = fc.constantFrom(
  "due to a plugged funnel & vandalism; no rain fell.",
  "for an unknown reason <to all>; it was out in the open for so long that nobody remembers when, or why, it began.",
);

function gauges(
  months: readonly Month[],
  count: { min: number; max: number },
): fc.Arbitrary<GeneratedGauge[]> {
  const days = daysOfMonths(months);
  return fc.uniqueArray(gaugeId, { minLength: count.min, maxLength: count.max }).chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          name: fc.constant(`Gauge & ${id}`),
          days: fc
            .array(measured, { minLength: days.length, maxLength: days.length })
            .map((values) => new Map(days.map((day, index) => [day, values[index] ?? null]))),
          notes: fc
            .option(fc.tuple(fc.constantFrom(...months), note))
            .map((pair) => new Map(pair ? [[pair[0], `Gage ${id} down ${pair[1]}`]] : [])),
        }),
      ),
    ),
  );
}

/** What was generated, in the words of the parser's answer. */
const expected = (generated: readonly GeneratedGauge[], round = (value: number) => value) =>
  generated
    .flatMap(({ id, days }) =>
      [...days].map(([day, value]) => `${id} ${day} ${value === null ? "missing" : round(value)}`),
    )
    .sort();

const found = (readings: readonly Reading[]) =>
  readings.map(({ gauge, day, inches, quality }) => `${gauge} ${day} ${inches ?? quality}`).sort();

describe("generated files", () => {
  it("are read back as they were written: water-year workbooks", async () => {
    const workbook = fc
      .integer({ min: 2000, max: 2030 })
      .chain((year) => fc.tuple(fc.constant(year), gauges(monthsOfWaterYear(year), { min: 1, max: 4 })));
    await fc.assert(
      fc.asyncProperty(workbook, async ([waterYear, generated]) => {
        const bytes = waterYearWorkbook(waterYear, generated);
        const { readings, problems, names } = await collect(parse(bytes, { source: "workbook", waterYear }));

        expect(problems).toEqual([]);
        expect(found(readings)).toEqual(expected(generated));
        expect(names).toEqual(new Map(generated.map(({ id, name }) => [id, name])));
        for (const { id, notes } of generated) {
          for (const [month, text] of notes ?? []) {
            const own = readings.filter(({ gauge, day }) => gauge === id && monthOfDay(day) === month);
            expect(new Set(own.map(({ footnote }) => footnote))).toEqual(new Set([text]));
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it("are read back as they were written: monthly PDFs, markers before or after the values", async () => {
    const month = fc.tuple(fc.integer({ min: 2000, max: 2021 }), fc.integer({ min: 1, max: 12 }));
    const file = month
      .map(([year, number]) => monthOf(year, number))
      .chain((month) => fc.tuple(fc.constant(month), gauges([month], { min: 1, max: 11 })));
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.constantFrom<MarkerPlace>("before", "after"),
        async ([month, generated], marker) => {
          const bytes = monthlyPdf(month, generated, { marker });
          const { readings, problems } = await collect(parse(bytes, { source: "pdf", month }));

          expect(problems).toEqual([]);
          expect(found(readings)).toEqual(expected(generated, (value) => Number(value.toFixed(2))));
          for (const { id, notes } of generated) {
            const noted = readings.filter(({ gauge, footnote }) => gauge === id && footnote);
            expect(noted.length > 0).toBe((notes?.size ?? 0) > 0);
            for (const { footnote } of noted) expect(footnote).toBe(notes?.get(month));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("are read back as they were written: official records, with and without the placeholder of 29 February", async () => {
    const years = fc.integer({ min: 1996, max: 2022 }).map((year) => [year, year + 1]);
    const file = years.chain((of) => gauges(of.flatMap(monthsOfWaterYear), { min: 1, max: 1 }));
    await fc.assert(
      fc.asyncProperty(file, fc.boolean(), async ([generated], placeholder) => {
        if (!generated) return;
        const history = `${generated.id} since 03/09/18; 4695 prior to 3/9/2018`;
        const bytes = foprWorkbook(generated, { placeholder, history });
        const { readings, problems, others } = await collect(
          parse(bytes, { source: "fopr", gauge: generated.id }),
        );

        expect(problems).toEqual([]);
        expect(found(readings)).toEqual(expected([generated]));
        const [station] = others.flatMap((part) => (part.kind === "station" ? [part.station] : []));
        expect(station?.gauge).toBe(generated.id);
        expect(station?.formerIds).toEqual([
          { id: "4695", until: "2018-03-09", text: "4695 prior to 3/9/2018" },
        ]);
      }),
      { numRuns: 15 },
    );
  });

  it("hold no reading for a day that no page prints, because the month may not be over", async () => {
    const month = monthOf(2019, 11);
    const dry = new Map(daysOfMonths([month]).map((day) => [day, 0]));
    const bytes = monthlyPdf(month, [{ id: "1000", days: dry }], { skipDay: "2019-11-30" as Day });

    const { readings, problems } = await collect(parse(bytes, { source: "pdf", month }));

    expect(problems).toEqual([]);
    expect(readings.map(({ day }) => day).sort()).toEqual([...dry.keys()].slice(0, 29));
  });
});
