import { expect, it } from "vitest";
import { monthOfDay } from "../../../../jobs/rain/calendar";
import { describeWithRealFiles, grouped } from "../../../rigs/rain/files";
import { at, census, readRealFile, totalsOf } from "../../../rigs/rain/real-files";

describeWithRealFiles("the water-year workbook of 2023", () => {
  const workbook = () => readRealFile("pcp_WY_2023.xlsx", { source: "workbook", waterYear: 2023 });

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
