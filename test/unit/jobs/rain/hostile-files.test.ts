import { describe, expect, it } from "vitest";
import {
  foprWorkbook,
  type GeneratedSheet,
  monthlyPdf,
  pdf,
  type SheetValue,
  waterYearSheets,
  xlsx,
  xlsxEntries,
  zip,
} from "../../../../cli/start/samples";
import { dayIn, daysInMonth, monthOf, monthsOfWaterYear } from "../../../../jobs/rain/calendar";
import { parse } from "../../../../jobs/rain/formats";
import { type Expectation, RefusedFile } from "../../../../jobs/rain/reading";
import { collect } from "../../../rigs/rain/files";

const WORKBOOK: Expectation = { source: "workbook", waterYear: 2023 };
const OCTOBER = monthOf(2022, 10);

const dry = (id: string, months = monthsOfWaterYear(2023)) => ({
  id,
  days: new Map(
    months.flatMap((month) =>
      Array.from({ length: daysInMonth(month) }, (_, index) => [dayIn(month, index + 1), 0] as const),
    ),
  ),
});

const sheets = () => waterYearSheets(2023, [dry("1000"), dry("59700")]);

/** The workbook with one sheet's rows changed. */
function changed(name: string, change: (rows: Record<number, SheetValue[]>) => void): GeneratedSheet[] {
  return sheets().map((sheet) => {
    if (sheet.name !== name) return sheet;
    const rows = Object.fromEntries(Object.entries(sheet.rows).map(([row, cells]) => [row, [...cells]]));
    change(rows);
    return { ...sheet, rows };
  });
}

/** The workbook with the text of one of its files replaced. */
const tampered = (path: string, content: (before: string) => string) =>
  zip(
    xlsxEntries(sheets()).map((entry) =>
      entry.path === path ? { path, content: content(String(entry.content)) } : entry,
    ),
  );

const read = (bytes: Uint8Array, expected: Expectation = WORKBOOK) => collect(parse(bytes, expected));

describe("a hostile file", () => {
  it.each<[string, () => Uint8Array, RegExp]>([
    [
      "declares to unpack to gigabytes",
      () => zip([{ path: "a", content: "x", claimedSize: 0xfffffff0 }]),
      /4096 MiB/,
    ],
    [
      "unpacks to more than it declares",
      () => zip([{ path: "xl/workbook.xml", content: Buffer.alloc(50 << 20), claimedSize: 1000 }]),
      /too many bytes/,
    ],
    [
      "brings entities of its own",
      () =>
        tampered("xl/worksheets/sheet1.xml", (xml) =>
          xml.replace("<worksheet", '<!DOCTYPE worksheet [<!ENTITY a "aaaa">]><worksheet'),
        ),
      /document type/,
    ],
    [
      "has a cell beyond all columns",
      () => tampered("xl/worksheets/sheet12.xml", (xml) => xml.replace('"B5"', '"XFD5"')),
      /XFD5/,
    ],
    [
      "has a row beyond all rows",
      () => tampered("xl/worksheets/sheet12.xml", (xml) => xml.replace('r="34"', 'r="1048576"')),
      /row 1048576/,
    ],
    [
      "was cut in its XML",
      () => tampered("xl/worksheets/sheet12.xml", (xml) => xml.slice(0, 2000)),
      /well-formed/,
    ],
    ["is a page of HTML", () => Buffer.from("<!doctype html><title>404</title>"), /a page of HTML/],
    ["is an old binary workbook", () => Buffer.from("d0cf11e0a1b11ae1", "hex"), /\.xls/],
    ["is a PDF", () => monthlyPdf(OCTOBER, [dry("1000", [OCTOBER])]), /a PDF/],
    ["is empty", () => new Uint8Array(), /empty/],
    [
      "is a zip of something else",
      () => zip([{ path: "readme", content: "hello" }]),
      /not an Excel workbook/,
    ],
  ])("that %s is refused in words", async (_, bytes, reason) => {
    const refusal = await read(bytes()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RefusedFile);
    expect(String(refusal)).toMatch(reason);
  });

  it("that was truncated anywhere is refused, never half believed", async () => {
    const whole = xlsx(sheets());
    for (let part = 1; part < 40; part++) {
      await expect(read(whole.subarray(0, Math.floor((whole.length * part) / 40)))).rejects.toThrow(
        RefusedFile,
      );
    }
  });

  it("that was damaged inside its compressed part fails by its checksum, whatever its numbers became", async () => {
    const whole = Buffer.from(xlsx(sheets()));
    const sheet = whole.indexOf("xl/worksheets/sheet12.xml") + 25;
    for (let offset = 20; offset < 200; offset += 9) {
      const damaged = Buffer.from(whole);
      damaged[sheet + offset] = (damaged[sheet + offset] ?? 0) ^ 0x10;
      await expect(read(damaged)).rejects.toThrow(RefusedFile);
    }
  });

  it("that is no PDF, or one of another month, is refused", async () => {
    const november: Expectation = { source: "pdf", month: monthOf(2019, 11) };
    await expect(read(xlsx(sheets()), november)).rejects.toThrow(/not a PDF/);
    await expect(read(Buffer.from("%PDF-1.4\nnothing else"), november)).rejects.toThrow(RefusedFile);
    const october = monthlyPdf(OCTOBER, [dry("1000", [OCTOBER])]);
    await expect(read(october, november)).rejects.toThrow(/no page has a line for a day of 2019-11/);
  });
});

describe("a file that is not quite as expected", () => {
  it("loses only the cell that cannot be read, and says which", async () => {
    const bytes = xlsx(
      changed("NOV", (rows) => {
        (rows[34] ?? [])[2] = "see remark";
        (rows[33] ?? [])[1] = -0.5;
        (rows[32] ?? [])[1] = "0.25";
        (rows[31] ?? [])[1] = "____";
      }),
    );

    const { readings, problems } = await read(bytes);

    expect(problems).toEqual([
      { where: "NOV!B33", text: "-0.5", reason: "rain cannot be negative", lost: 1 },
      { where: "NOV!C34", text: "see remark", reason: "this is neither a number nor N/A", lost: 1 },
    ]);
    expect(readings).toHaveLength(2 * 365 - 2);
    const at = (day: string) => readings.find((reading) => reading.gauge === "1000" && reading.day === day);
    expect(at("2022-11-03")).toMatchObject({ inches: 0.25, quality: "good" });
    expect(at("2022-11-04")).toMatchObject({ inches: null, quality: "missing" });
  });

  it("takes a boolean cell for a problem, and not for an inch or for none", async () => {
    const bytes = xlsx(
      changed("NOV", (rows) => {
        (rows[34] ?? [])[1] = true;
        (rows[33] ?? [])[1] = false;
      }),
    );

    const { readings, problems } = await read(bytes);

    expect(problems).toEqual([
      { where: "NOV!B33", text: "0", reason: "this is neither a number nor N/A", lost: 1 },
      { where: "NOV!B34", text: "1", reason: "this is neither a number nor N/A", lost: 1 },
    ]);
    const days = readings.filter(({ gauge }) => gauge === "1000").map(({ day }) => day);
    expect(days).not.toContain("2022-11-01");
    expect(days).not.toContain("2022-11-02");
    expect(days).toHaveLength(365 - 2);
  });

  it("keeps blank, missing and zero apart", async () => {
    const bytes = xlsx(
      changed("NOV", (rows) => {
        (rows[34] ?? [])[1] = undefined;
        (rows[33] ?? [])[1] = "N/A";
      }),
    );
    const { readings } = await read(bytes);
    const november = readings.filter(
      ({ gauge, day }) => gauge === "1000" && day <= "2022-11-03" && day > "2022-10-31",
    );
    expect(november.map(({ inches, quality }) => [inches, quality]).sort()).toEqual([
      [null, "missing"],
      [null, "not-reported"],
      [0, "good"],
    ]);
  });

  it("reports a row whose values have no date, a column without a gauge, and a month that is not there", async () => {
    const bytes = xlsx([
      ...changed("NOV", (rows) => {
        (rows[34] ?? [])[0] = undefined;
        (rows[3] ?? [])[2] = "spare";
      }).filter(({ name }) => name !== "DEC"),
    ]);
    const { readings, problems } = await read(bytes);
    expect(problems.map(({ where, lost }) => [where, lost])).toEqual([
      ["NOV!C3", 30],
      ["NOV!A34", 1],
      ["DEC", 2 * 31],
    ]);
    expect(readings).toHaveLength(2 * (365 - 31) - 30 - 1);
  });

  it("reads a gauge number that is followed by its history as the number alone", async () => {
    const bytes = xlsx(
      changed("OCT", (rows) => {
        (rows[3] ?? [])[1] = "29200 since 03/09/18";
      }),
    );
    const { readings } = await read(bytes);
    expect(new Set(readings.filter(({ day }) => day < "2022-11-01").map(({ gauge }) => gauge))).toEqual(
      new Set(["29200", "59700"]),
    );
  });

  it.each<[string, GeneratedSheet[], RegExp]>([
    [
      "of another year",
      waterYearSheets(2022, [dry("1000", monthsOfWaterYear(2022))]),
      /October 2021 where 2022-10 belongs/,
    ],
    ["without totals", changed("MAY", (rows) => delete rows[35]), /MAY .* do not end with `Totals:`/],
    ["without gauges", changed("MAY", (rows) => delete rows[3]), /MAY .* no row begins with `Gage ID`/],
    ["without months", [{ name: "Sheet1", rows: { 1: ["hello"] } }], /no month sheet .* only: Sheet1/],
  ])("is refused whole where it is a workbook %s", async (_, of, reason) => {
    await expect(read(xlsx(of))).rejects.toThrow(reason);
  });

  it("is refused where it is the official record of another gauge, or of none", async () => {
    const record: Expectation = { source: "fopr", gauge: "4695" };
    await expect(read(foprWorkbook(dry("59700")), record)).rejects.toThrow(
      /record of gauge 59700, not of 4695/,
    );
    const nameless = foprWorkbook(dry("59700"), { history: "Rain of Phoenix" });
    await expect(read(nameless, record)).rejects.toThrow(/begins with no number/);
  });

  it("loses only the line of a PDF that cannot be matched to its gauges, or lies in another month", async () => {
    const bytes = pdf([
      [
        "G101: Rain Gages 0770-4505",
        "Gage ID 0770 4505",
        "11/04/19 0.04 0.08",
        "11/03/19 0.04",
        "11/02/19 0.04(1) trace",
        "12/01/19 0.04 0.04",
        "11/01/18 0.04 0.04",
        "TOTALS: 0.04 _____(2)",
        "(1) Gage 0770 moved.",
        "2801 W. Durango St. Page 1",
      ],
    ]);
    const { readings, problems } = await read(bytes, { source: "pdf", month: monthOf(2019, 11) });

    expect(readings).toEqual([
      { gauge: "0770", day: "2019-11-04", inches: 0.04, quality: "good" },
      { gauge: "4505", day: "2019-11-04", inches: 0.08, quality: "good" },
      { gauge: "0770", day: "2019-11-02", inches: 0.04, quality: "good", footnote: "Gage 0770 moved." },
    ]);
    expect(problems.map(({ where, text, reason }) => `${where}: ${text}: ${reason}`)).toEqual([
      "page 1: 11/03/19 0.04: 1 values stand under 2 gauges",
      "page 1: trace: gauge 4505 on 2019-11-02: this is neither a number nor underscores",
      "page 1: 12/01/19 0.04 0.04: this day is not in 2019-11: its line is not imported",
      "page 1: 11/01/18 0.04 0.04: this day is not in 2019-11: its line is not imported",
      "page 1: (2): gauge 4505 refers to a note that the page does not have",
    ]);
  });
});
