import { expect, it } from "vitest";
import { type Day, monthOfDay, waterYearOf } from "../../../../jobs/rain/calendar";
import { describeWithRealFiles, grouped } from "../../../rigs/rain/files";
import { at, census, readRealFile } from "../../../rigs/rain/real-files";

describeWithRealFiles("the official record of gauge 59700", () => {
  const record = () => readRealFile("59700_FOPR.xlsx", { source: "fopr", gauge: "59700" });

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
    const workbook = await readRealFile("pcp_WY_2023.xlsx", { source: "workbook", waterYear: 2023 });
    const shared = workbook.readings.filter(({ gauge }) => gauge === "59700");
    expect(shared).toHaveLength(365);
    for (const { day, inches } of shared) expect(at(readings, "59700", day)?.inches).toBe(inches);

    const pdf = await readRealFile("pcp1119.pdf", { source: "pdf", month: monthOfDay("2019-11-01" as Day) });
    for (const { day, inches } of pdf.readings.filter(({ gauge }) => gauge === "59700")) {
      expect(at(readings, "59700", day)?.inches?.toFixed(2)).toBe(inches?.toFixed(2));
    }
  });
});
