import { type Month, monthsOfWaterYear, numberOfMonth, yearOfMonth } from "../calendar";
import type { Expectation } from "../reading";

export interface PathPatterns {
  readonly workbookPath: string;
  readonly pdfPath: string;
  readonly foprPath: string;
}

/** A file that the provider may have, and its expected content. */
export interface Target {
  readonly path: string;
  readonly expected: Expectation;
}

export const workbookTarget = ({ workbookPath }: PathPatterns, waterYear: number): Target => ({
  path: workbookPath.replaceAll("{YYYY}", String(waterYear)),
  expected: { source: "workbook", waterYear },
});

/** The twelve PDFs of a water year, October first. */
export const pdfTargets = (patterns: PathPatterns, waterYear: number): Target[] =>
  monthsOfWaterYear(waterYear).map((month) => pdfTarget(patterns, month));

const pdfTarget = ({ pdfPath }: PathPatterns, month: Month): Target => ({
  path: pdfPath
    .replaceAll("{MM}", String(numberOfMonth(month)).padStart(2, "0"))
    .replaceAll("{YY}", String(yearOfMonth(month)).slice(2)),
  expected: { source: "pdf", month },
});

export const foprTarget = ({ foprPath }: PathPatterns, gauge: string): Target => ({
  path: foprPath.replaceAll("{ID}", gauge),
  expected: { source: "fopr", gauge },
});
