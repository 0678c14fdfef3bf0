/** Rows as aligned columns under their headings, with numbers aligned to the right. Empty where there are no rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  if (rows.length === 0) return "  none";
  const cells = [headings, ...rows.map((row) => row.map((cell) => shown(cell)))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const numeric = headings.map((_, column) => rows.every((row) => typeof row[column] !== "string"));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return cells.map((row) => `  ${line(row)}`).join("\n");
}

const shown = (cell: string | number | null): string =>
  cell === null ? "-" : typeof cell === "number" ? cell.toLocaleString("en-US") : cell;
