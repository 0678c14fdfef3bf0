import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { JobError } from "../../shared";
import { monthOf, monthsOfWaterYear } from "../calendar";
import type { Expectation } from "../reading";

export async function readLocalFile(path: string): Promise<{ name: string; bytes: Uint8Array }> {
  try {
    return { name: basename(path), bytes: await readFile(path) };
  } catch (error) {
    throw new JobError(`${path} cannot be read: ${(error as Error).message}`, 1, { cause: error });
  }
}

/**
 * The expected content of a file of a water year: a workbook, or, by its name, the PDF of one of its months. The name
 * has a two-digit year; the requested year provides the century.
 */
export function expectationOf(name: string, waterYear: number): Expectation {
  if (/\.xlsx$/i.test(name)) return { source: "workbook", waterYear };
  const [, month, year] = /^pcp(\d{2})(\d{2})\.pdf$/i.exec(name) ?? [];
  if (!month || !year || Number(month) < 1 || Number(month) > 12) {
    throw new JobError(`${name}: a file of a water year is named pcp_WY_YYYY.xlsx or pcpMMYY.pdf`, 2);
  }
  const candidates = [waterYear - 1, waterYear].map((each) => monthOf(each, Number(month)));
  const found = monthsOfWaterYear(waterYear).find(
    (each) => candidates.includes(each) && each.slice(2, 4) === year,
  );
  if (!found)
    throw new JobError(`${name} is of ${month}/${year}, which is not in water year ${waterYear}`, 2);
  return { source: "pdf", month: found };
}
