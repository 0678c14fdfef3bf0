import { expect, it } from "vitest";
import { type Day, monthOfDay } from "../../../../jobs/rain/calendar";
import { describeWithRealFiles, grouped } from "../../../rigs/rain/files";
import { at, census, readRealFile, totalsOf } from "../../../rigs/rain/real-files";

describeWithRealFiles("the monthly PDF of November 2019", () => {
  const november = () =>
    readRealFile("pcp1119.pdf", { source: "pdf", month: monthOfDay("2019-11-01" as Day) });

  it("yields 1,731 readings with rain, 8,872 dry, 69 missing, and the eight that page 40 leaves out", async () => {
    const { readings, problems } = await november();

    expect(problems).toEqual([]);
    expect(census(readings)).toEqual({ rain: 1_731, zero: 8_872, missing: 69, sum: 978.86 });
    const absent = readings.filter(({ quality }) => quality === "not-reported");
    expect(absent.map(({ day }) => day)).toEqual(Array(8).fill("2019-11-03"));
    expect(absent.map(({ gauge }) => gauge)).toContain("77100");
    expect(new Set(readings.map(({ gauge }) => gauge)).size).toBe(356);
  });

  it("finds the rain on the days on which it fell", async () => {
    const { readings } = await november();
    const days = grouped(
      readings.filter(({ inches }) => inches),
      ({ day }) => day.slice(8),
    );
    expect(Object.fromEntries([...days].map(([day, of]) => [day, of.length]))).toEqual({
      ...{ "05": 1, "06": 60, "14": 1, "17": 1, "19": 343, "20": 351, "21": 328, "22": 73, "23": 6, "24": 1 },
      ...{ "25": 2, "27": 10, "28": 178, "29": 349, "30": 27 },
    });
    const sums = ["19", "20", "21", "28", "29"].map((day) => census(days.get(day) ?? []).sum);
    expect(sums).toEqual([84.46, 366.08, 119.08, 50.76, 340.7]);
  });

  it.each([
    ["59700", "19", 0.16],
    ["59700", "20", 1.06],
    ["59700", "21", 0.31],
    ["59700", "29", 0.83],
    ["63000", "20", 4.37],
    ["1700", "20", 3.46],
    ["1000", "28", 0.91],
    ["89500", "29", 0.94],
    ["42000", "19", 0.55],
    ["9300", "29", 0],
    ["1300", "14", null],
    ["77500", "02", null],
  ])("reads gauge %s on the %sth as %s", async (gauge, day, inches) => {
    const { readings } = await november();
    expect(at(readings, gauge, `2019-11-${day}`)?.inches).toBe(inches);
  });

  it("knows which gauges were missing for how long", async () => {
    const { readings } = await november();
    const missing = grouped(
      readings.filter(({ quality }) => quality === "missing"),
      ({ gauge }) => gauge,
    );
    expect(Object.fromEntries([...missing].map(([gauge, of]) => [gauge, of.length]))).toEqual({
      ...{ "32500": 30, "63600": 11, "77100": 5, "47000": 5, "36500": 4, "55200": 4, "51200": 3 },
      ...{ "1300": 2, "16700": 2, "77500": 2, "25000": 1 },
    });
  });

  it("keeps 17 notes on 16 pages apart although each page numbers them anew", async () => {
    const { readings } = await november();
    const notes = new Set(readings.flatMap(({ footnote }) => footnote ?? []));
    expect(notes.size).toBe(17);
    expect(at(readings, "9300", "2019-11-29")?.footnote).toMatch(
      /no estimate made, monthly & annual totals inaccurate\.$/,
    );
    expect(at(readings, "36500", "2019-11-01")?.footnote).toMatch(/^Station 50365 was moved/);
    expect(at(readings, "62200", "2019-11-15")?.quality).toBe("incomplete");
  });

  it("states 355 totals, none further from its days than rounding explains", async () => {
    const { readings, others } = await november();
    const totals = totalsOf(others);
    expect(totals).toHaveLength(355);
    expect(totals.reduce((sum, { inches }) => sum + inches, 0)).toBeCloseTo(978.23, 5);
    const differing = totals.filter(({ gauge, inches }) => {
      const difference = Math.abs(inches - census(readings.filter((reading) => reading.gauge === gauge)).sum);
      expect(difference).toBeLessThan(0.0201);
      return difference > 0.001;
    });
    expect(differing).toHaveLength(197);
  });
});
