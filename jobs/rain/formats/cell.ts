import { RefusedFile } from "../reading";

/** A non-empty cell; an empty cell is absent from its row. */
export type Cell =
  | { readonly kind: "number"; readonly number: number; readonly text: string; readonly formula: boolean }
  | { readonly kind: "text"; readonly text: string; readonly formula: boolean }
  /** An error such as `#REF!`, or a boolean: never a reading. */
  | { readonly kind: "other"; readonly text: string; readonly formula: boolean };

/** A row of a sheet, with 1-based column numbers. */
export interface Row {
  readonly number: number;
  readonly cells: ReadonlyMap<number, Cell>;
}

/** The provider's widest sheet has 363 columns, its longest 70 rows (or 368 days). */
const LIMITS = { column: 2_000, row: 5_000 };

const LETTER_A = 64;

/** The column number of a reference such as `MY34`. */
export function columnOf(reference: string): number {
  let column = 0;
  for (let index = 0; index < reference.length; index++) {
    const letter = reference.charCodeAt(index) - LETTER_A;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
    if (column > LIMITS.column)
      throw new RefusedFile(`a cell at ${reference} is far outside of any rain sheet`);
  }
  return column;
}

export function checkRow(row: number): number {
  if (!Number.isInteger(row) || row < 1 || row > LIMITS.row) {
    throw new RefusedFile(`row ${row} is outside of any rain sheet`);
  }
  return row;
}

/** The letters of a column: 363 is `MY`. */
export function columnName(column: number): string {
  let name = "";
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(LETTER_A + 1 + ((rest - 1) % 26)) + name;
  }
  return name;
}

export const numberIn = (cell: Cell | undefined): number | undefined =>
  cell?.kind === "number" ? cell.number : undefined;

/** The text of a cell with whitespace normalized; undefined where it is empty. */
export function textIn(cell: Cell | undefined): string | undefined {
  const text = cell?.text.replace(/[\s\u00a0]+/g, " ").trim();
  return text ? text : undefined;
}
