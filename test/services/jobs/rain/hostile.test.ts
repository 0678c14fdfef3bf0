import { describe, expect, it } from "vitest";
import { countOf } from "../../../rigs/counts";
import { fuzz } from "../../../rigs/rain/fuzz";

/** Of each kind. */
const FILES = countOf({ usual: 1_000, full: 10_000 });

describe(`${FILES} damaged files of each kind`, () => {
  it.each([
    ["workbook", 1],
    ["fopr", 2],
    ["pdf", 3],
  ] as const)(
    "%s: none crashes the parser, takes 5 s or 512 MiB",
    { timeout: 1_800_000 },
    async (source, seed) => {
      const { read, refused, failures } = await fuzz(source, FILES, seed);
      expect(failures).toEqual([]);
      expect(read + refused).toBe(FILES);
      expect(read).toBeGreaterThan(FILES / 50);
      expect(refused).toBeGreaterThan(FILES / 50);
    },
  );
});
