/** bench/rain.ts runs this in its own process: it reads one file once and prints seconds and peak memory as JSON. */
import { readFileSync } from "node:fs";
import type { Expectation } from "../jobs/rain/reading";

const [reader, path = "", expected = "{}"] = process.argv.slice(2);
const READERS: Record<string, () => Promise<() => Promise<number>>> = {
  ours: async () => {
    const { parse } = await import("../jobs/rain/formats");
    return async () => {
      let cells = 0;
      // Safe: bench/rain.ts wrote it.
      for await (const part of parse(readFileSync(path), JSON.parse(expected) as Expectation)) {
        if (part.kind === "readings") cells += part.readings.length;
      }
      return cells;
    };
  },
  sheetjs: async () => {
    const { read, utils } = (await import("xlsx")).default;
    return async () => {
      const book = read(readFileSync(path), { dense: true, cellDates: true });
      return book.SheetNames.map((name) => book.Sheets[name])
        .flatMap((sheet) => (sheet ? [utils.sheet_to_json<unknown[]>(sheet, { header: 1 })] : []))
        .reduce((cells, rows) => cells + rows.reduce((sum, row) => sum + row.length, 0), 0);
    };
  },
};
const prepare = READERS[reader ?? ""];
if (!prepare) throw new Error(`no reader ${reader}`);
const run = await prepare();
const started = performance.now();
const cells = await run();
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, cells, peakMiB: process.resourceUsage().maxRSS / 1024 }));
