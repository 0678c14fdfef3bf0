import { expect, it } from "vitest";
import { type Day, monthOfDay, waterYearOf } from "../../../jobs/rain/calendar";
import { parse } from "../../../jobs/rain/formats";
import type { Expectation, Part, Reading } from "../../../jobs/rain/reading";
import { collect, describeWithRealFiles, grouped, realFile } from "../../support/rain-files";

/** Each file is read once, by the first test that asks for it. */
const readings = new Map<string, ReturnType<typeof collect>>();

function read(name: string, expected: Expectation): ReturnType<typeof collect> {
  const known = readings.get(name) ?? collect(parse(realFile(name), expected));
  readings.set(name, known);
  return known;
}

function census(readings: readonly Reading[]) {
  const measured = readings.filter((reading) => reading.inches !== null);
  return {
    rain: measured.filter(({ inches }) => inches !== 0).length,
    zero: measured.filter(({ inches }) => inches === 0).length,
    missing: readings.filter(({ quality }) => quality === "missing").length,
    sum: Number(measured.reduce((total, { inches }) => total + (inches ?? 0), 0).toFixed(5)),
  };
}

const at = (readings: readonly Reading[], gauge: string, day: string) =>
  readings.find((reading) => reading.gauge === gauge && reading.day === day);

const totalsOf = (others: readonly Part[]) =>
  others.flatMap((part) => (part.kind === "total" ? [part.total] : []));

describeWithRealFiles("the water-year workbook of 2023", () => {
  const workbook = () => read("pcp_WY_2023.xlsx", { source: "workbook", waterYear: 2023 });

  it("yields every reading of all twelve months: 11,187 with rain, 120,081 dry, 862 missing", async () => {
    const { readings, problems } = await workbook();

    expect(problems).toEqual([]);
    expect(census(readings)).toEqual({ rain: 11_187, zero: 120_081, missing: 862, sum: 3142.00411 });
    expect(new Set(readings.map(({ gauge }) => gauge)).size).toBe(363);
    expect(new Set(readings.filter(({ inches }) => inches).map(({ day }) => day)).size).toBe(190);
  });

  it("counts each month as the sheet does", async () => {
    const { readings } = await workbook();
    const figures = [...grouped(readings, ({ day }) => monthOfDay(day))].map(([month, of]) => {
      const { rain, zero, missing, sum } = census(of);
      return [month, rain, zero, missing, sum];
    });

    expect(figures).toEqual([
      ["2022-10", 973, 10205, 44, 399.6055],
      ["2022-11", 489, 10336, 35, 59.96051],
      ["2022-12", 1880, 9311, 31, 585.27442],
      ["2023-01", 2195, 8967, 60, 631.18236],
      ["2023-02", 1444, 8613, 79, 262.67664],
      ["2023-03", 1691, 9463, 68, 688.81752],
      ["2023-04", 2, 10800, 58, 0.11811],
      ["2023-05", 291, 10786, 145, 55.62981],
      ["2023-06", 1, 10780, 79, 0.27559],
      ["2023-07", 366, 10776, 80, 64.13373],
      ["2023-08", 1197, 9960, 65, 222.67672],
      ["2023-09", 658, 10084, 118, 171.6532],
    ]);
  });

  it.each([
    ["59700", "2022-10-15", 0.55118],
    ["1000", "2023-03-21", 5.07873],
    ["62300", "2023-08-31", 3.07086],
    ["83500", "2022-10-15", 3.46456],
    ["1200", "2022-10-03", 0.11811],
    ["25800", "2023-01-01", 0.27559],
    ["50258", "2022-10-15", 0.55118],
    ["59700", "2022-11-03", 0.19685],
    ["1000", "2023-01-11", 0.16],
    ["76600", "2022-10-01", null],
  ])("reads gauge %s on %s as %s", async (gauge, day, inches) => {
    const { readings } = await workbook();
    expect(at(readings, gauge, day)?.inches).toBe(inches);
  });

  it("knows the names of the gauges, alike for both numbers of one gauge", async () => {
    const { names } = await workbook();
    expect(names.get("50258")).toBe("Middle Harq. FRS");
    expect(names.get("25800")).toBe("Middle Harquahala FRS");
    expect(names.size).toBe(363);
  });

  it("agrees with the total that the sheet states under every column", async () => {
    const { readings, others } = await workbook();
    const sums = new Map<string, number>();
    for (const { gauge, day, inches } of readings) {
      const key = `${gauge} ${monthOfDay(day)}`;
      sums.set(key, (sums.get(key) ?? 0) + (inches ?? 0));
    }
    const totals = totalsOf(others);

    expect(totals).toHaveLength(4344);
    for (const { gauge, from, inches } of totals) {
      expect(sums.get(`${gauge} ${monthOfDay(from)}`)).toBeCloseTo(inches, 5);
    }
  });

  it("hangs a note on the days that it speaks of, and on no others", async () => {
    const { readings } = await workbook();
    const noted = readings.filter(
      ({ gauge, day, footnote }) => gauge === "8700" && footnote && day < "2022-11-01",
    );

    expect(noted.map(({ day, quality }) => `${day} ${quality}`).sort()).toEqual([
      "2022-10-15 estimated",
      "2022-10-16 estimated",
      "2022-10-17 good",
      "2022-10-18 good",
      "2022-10-19 good",
    ]);
    expect(at(readings, "34500", "2022-10-05")?.footnote).toBe("Still Out-of-Service");
    expect(at(readings, "51000", "2023-08-21")?.quality).toBe("incomplete");
    expect(at(readings, "51000", "2023-08-22")?.footnote).toBeUndefined();
  });

  it("sums gauge 59700 to its own year, month by month", async () => {
    const { readings } = await workbook();
    const own = readings.filter(({ gauge }) => gauge === "59700");
    expect(census(own)).toMatchObject({ rain: 31, sum: 6.81101 });
    const months = [...grouped(own, ({ day }) => monthOfDay(day)).values()].map((of) => census(of).sum);
    expect(months).toEqual([
      ...[0.59055, 0.23622, 1.77165, 1.61417, 0.59055, 1.41732],
      ...[0, 0.11811, 0, 0.03937, 0.19685, 0.23622],
    ]);
  });
});

describeWithRealFiles("the monthly PDF of November 2019", () => {
  const november = () => read("pcp1119.pdf", { source: "pdf", month: monthOfDay("2019-11-01" as Day) });

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

describeWithRealFiles("the official record of gauge 59700", () => {
  const record = () => read("59700_FOPR.xlsx", { source: "fopr", gauge: "59700" });

  it("yields 9,862 days: 744 with rain, 8,963 dry, 155 missing", async () => {
    const { readings, problems } = await record();
    expect(problems).toEqual([]);
    expect(census(readings)).toEqual({ rain: 744, zero: 8_963, missing: 155, sum: 202.47991 });
    expect(new Set(readings.map(({ day }) => day)).size).toBe(9_862);
  });

  it.each([
    ["1998-02-03", 0],
    ["1998-02-04", 1.37795],
    ["2024-09-01", 0.07874],
    ["2018-10-02", 2.63779],
    ["2004-04-02", 2.00787],
    ["2013-01-26", 1.88976],
    ["2007-11-30", 1.85039],
    ["2024-02-01", 0.43307],
    ["2020-02-08", null],
  ])("reads %s as %s", async (day, inches) => {
    const { readings } = await record();
    expect(at(readings, "59700", day)?.inches).toBe(inches);
  });

  it("counts each water year as the provider does", async () => {
    const { readings } = await record();
    const years = grouped(readings, ({ day }) => String(waterYearOf(day)));
    const figures = [...years].map(([year, of]) => {
      const { rain, missing, sum } = census(of);
      return `${year} ${rain}/${missing}/${sum.toFixed(5)}`;
    });
    expect(figures).toEqual([
      ...["1998 25/125/7.99211", "1999 31/3/7.59841", "2000 11/3/3.85826", "2001 41/6/9.44880"],
      ...["2002 17/5/2.55905", "2003 30/0/8.03148", "2004 22/0/8.26770", "2005 45/0/13.93698"],
      ...["2006 19/0/5.74802", "2007 26/2/3.26771", "2008 31/0/11.53541", "2009 29/0/5.82676"],
      ...["2010 29/5/6.96849", "2011 25/0/5.43306", "2012 30/0/4.92125", "2013 26/0/8.70077"],
      ...["2014 25/0/10.27557", "2015 32/0/8.34644", "2016 29/3/6.65353", "2017 30/0/7.48030"],
      ...["2018 18/0/3.74015", "2019 33/0/11.49604", "2020 27/3/8.77951", "2021 27/0/10.90549"],
      ...["2022 27/0/6.92912", "2023 31/0/6.81101", "2024 28/0/6.96849"],
    ]);
  });

  it("describes the station, its former number and its statistics", async () => {
    const { others } = await record();
    const station = others.find((part) => part.kind === "station")?.station;
    expect(station).toMatchObject({
      gauge: "59700",
      name: "Aztec Park",
      type: "Rain",
      formerIds: [{ id: "4695", until: "2018-02-20", text: "4695 prior to 2/20/2018" }],
      city: "Scottsdale",
      county: "Maricopa",
      latitude: 33.61006,
      longitude: -111.86545,
      elevationFeet: 1465,
      location: "Near Thunderbird & Frank Lloyd Wright",
      dataBegins: "1998-02-09",
      updated: "2024-12-19",
      averageAnnualInches: 7.4803,
      completeYears: 26,
      incompleteMonths: 0,
      missingMonths: 0,
      remarks: "Records Good",
    });
    expect(station?.statistics).toMatchObject({
      storms_gt_1in_24h: 35,
      storms_gt_2in_24h: 4,
      storms_gt_3in_24h: 0,
      freq_15min_inches: 0.91,
      freq_15min_date: "2005-08-02",
      freq_15min_return_period_yrs: 20,
      freq_24hr_inches: 2.64,
      freq_24hr_date: "2018-10-02",
      freq_72hr_return_period_yrs: 15,
    });
  });

  it("reads 14 outages of 45.29 days, and says so on the days within", async () => {
    const { readings, others } = await record();
    const outages = others.flatMap((part) => (part.kind === "outage" ? [part.outage] : []));
    expect(outages).toHaveLength(14);
    expect(outages.reduce((days, { daysDown }) => days + (daysDown ?? 0), 0)).toBeCloseTo(45.29, 2);
    expect(at(readings, "59700", "2020-02-08")?.footnote).toMatch(/Repeater; No rain fell/);
    expect(at(readings, "59700", "2000-06-24")?.quality).toBe("estimated");
  });

  it("agrees with the workbook on all 365 days of 2023, and with the PDF but for rounding", async () => {
    const { readings } = await record();
    const workbook = await read("pcp_WY_2023.xlsx", { source: "workbook", waterYear: 2023 });
    const shared = workbook.readings.filter(({ gauge }) => gauge === "59700");
    expect(shared).toHaveLength(365);
    for (const { day, inches } of shared) expect(at(readings, "59700", day)?.inches).toBe(inches);

    const pdf = await read("pcp1119.pdf", { source: "pdf", month: monthOfDay("2019-11-01" as Day) });
    for (const { day, inches } of pdf.readings.filter(({ gauge }) => gauge === "59700")) {
      expect(at(readings, "59700", day)?.inches?.toFixed(2)).toBe(inches?.toFixed(2));
    }
  });
});
