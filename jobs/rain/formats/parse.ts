import { type Expectation, type Part, RefusedFile } from "../reading";
import { parseFoprWorkbook } from "./fopr-workbook";
import { parseMonthlyPdf } from "./monthly-pdf";
import { parseWaterYearWorkbook } from "./water-year-workbook";

/** Far above the provider's largest file (1 MB). */
const LARGEST_FILE = 32 << 20;

/** Parses a file in the expected format; throws RefusedFile where it has another one. */
export function parse(bytes: Uint8Array, expected: Expectation): AsyncGenerator<Part> {
  if (bytes.length > LARGEST_FILE) return refuse(`it is larger than ${LARGEST_FILE >> 20} MiB`);
  switch (expected.source) {
    case "workbook":
      return parseWaterYearWorkbook(bytes, expected.waterYear);
    case "pdf":
      return parseMonthlyPdf(bytes, expected.month);
    case "fopr":
      return parseFoprWorkbook(bytes, expected.gauge);
  }
}

// biome-ignore lint/correctness/useYield: callers need a parser, and this one only throws.
async function* refuse(reason: string): AsyncGenerator<Part> {
  throw new RefusedFile(reason);
}
