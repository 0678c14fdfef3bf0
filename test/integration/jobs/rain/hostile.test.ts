import { describe, expect, it } from "vitest";
import { daysOfMonths, monthlyPdf, pdfBomb } from "../../../../cli/start/samples";
import { monthOf } from "../../../../jobs/rain/calendar";
import { IsolatedParser } from "../../../../jobs/rain/formats";
import type { Expectation, PackedPart } from "../../../../jobs/rain/reading";
import { fuzz } from "../../../rigs/rain/fuzz";

const NOVEMBER = monthOf(2019, 11);
const EXPECTED: Expectation = { source: "pdf", month: NOVEMBER };
const honest = monthlyPdf(NOVEMBER, [
  { id: "1000", days: new Map(daysOfMonths([NOVEMBER]).map((day) => [day, 0])) },
]);

/** The number of readings that leave the parser. */
async function count(parts: AsyncIterable<PackedPart>): Promise<number> {
  let readings = 0;
  for await (const part of parts) if (part.kind === "packed") readings += part.count;
  return readings;
}

describe("the parser in its own thread", () => {
  it("refuses a file that unpacks to more memory than it may take, and reads the next one", async () => {
    const parser = new IsolatedParser({ seconds: 60, memoryMiB: 200 });
    try {
      await expect(count(parser.parse(pdfBomb(700), EXPECTED))).rejects.toThrow(
        /takes more than 200 MiB of memory/,
      );
      expect(await count(parser.parse(honest, EXPECTED))).toBe(30);
    } finally {
      await parser.close();
    }
  });

  it("refuses a file that takes longer than it may", async () => {
    // Less than it takes to start the thread, which counts too.
    const parser = new IsolatedParser({ seconds: 0.025, memoryMiB: 2_000 });
    try {
      await expect(count(parser.parse(honest, EXPECTED))).rejects.toThrow(/takes longer than 0\.025 s/);
    } finally {
      await parser.close();
    }
  });

  it("can be left in the middle of a file", async () => {
    const parser = new IsolatedParser({ seconds: 60, memoryMiB: 512 });
    try {
      for await (const _ of parser.parse(honest, EXPECTED)) break;
      expect(await count(parser.parse(honest, EXPECTED))).toBe(30);
    } finally {
      await parser.close();
    }
  });
});

describe("a damaged file", () => {
  it.each(["workbook", "fopr", "pdf"] as const)(
    "of the kind %s is read or refused, never crashed over",
    async (source) => {
      const { read, refused, failures } = await fuzz(source, 200, 2026);
      expect(failures).toEqual([]);
      expect(read).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    },
  );
});
