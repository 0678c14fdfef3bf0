import { columns } from "../../shared";

/** Rows as aligned columns under their headings, with numbers aligned to the right. Empty where there are no rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  if (rows.length === 0) return "  none";
  const cells = [headings, ...rows.map((row) => row.map((cell) => shown(cell)))];
  const isNumeric = (column: number) => rows.every((row) => typeof row[column] !== "string");
  return columns(cells, isNumeric)
    .map((line) => `  ${line}`)
    .join("\n");
}

const shown = (cell: string | number | null): string =>
  cell === null ? "-" : typeof cell === "number" ? cell.toLocaleString("en-US") : cell;
