/** A table as it stands in the database, seen by who has to divide the work of copying it. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  /** Those that hold something of their own: not the generated ones. */
  readonly columns: readonly string[];
  /** With what lies outside the rows, but without indexes. */
  readonly bytes: number;
  /** Pages of the rows themselves. */
  readonly blocks: number;
  /** Whether each column's binary form means the same in any other database. */
  readonly binary: boolean;
  /**
   * The table that has divided these rows among its partitions by hashes. Those of an enum's values are others in another
   * database, so pg_dump brings such rows back through that table.
   */
  readonly hashedBy: string | null;
}

/** Rows of one table that are copied by themselves, beside all others. */
export interface RowsPiece {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: "binary" | "text";
  /** Pages from the first on and before the second; those of the last piece have no end. */
  readonly from: number;
  readonly before: number | undefined;
}

/** So many objects are still listed and read back without a thought, whatever the size of a database. */
const MOST_PIECES = 2_000;

/**
 * Which tables are worth a copy of their own, in how many pieces. A smaller table costs more in sessions than it gains
 * in time, and stays with the remainder.
 */
export function cutTables(tables: readonly TableShape[], pieceBytes: number): RowsPiece[] {
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const size = Math.max(pieceBytes, total / MOST_PIECES);
  return tables
    .filter(
      ({ bytes, blocks, hashedBy, columns }) =>
        hashedBy === null && columns.length > 0 && blocks > 0 && bytes >= size / 4,
    )
    .flatMap((table) => cutTable(table, size));
}

function cutTable({ schema, name, columns, bytes, blocks, binary }: TableShape, size: number): RowsPiece[] {
  const count = Math.min(blocks, Math.ceil(bytes / size));
  const edge = (piece: number) => Math.floor((piece * blocks) / count);
  return Array.from({ length: count }, (_, piece) => ({
    schema,
    table: name,
    columns,
    format: binary ? "binary" : "text",
    from: edge(piece),
    before: piece === count - 1 ? undefined : edge(piece + 1),
  }));
}
