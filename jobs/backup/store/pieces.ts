/** A table in the database, with what is needed to divide the work of copying it. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  /** Columns that are stored; generated columns are left out. */
  readonly columns: readonly string[];
  /** Including TOAST, without indexes. */
  readonly bytes: number;
  /** Number of pages of the main table. */
  readonly blocks: number;
  /** Whether the binary form of every column has the same meaning in any other database. */
  readonly binary: boolean;
  /**
   * The table that hash-partitions these rows. Enum values hash differently in another database, so pg_dump loads such
   * rows through that table.
   */
  readonly hashedBy: string | null;
}

/** Rows of one table that are copied as one piece, in parallel with all others. */
export interface RowsPiece {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: "binary" | "text";
  /** Pages from `from` up to but not including `before`; the last piece has no end. */
  readonly from: number;
  readonly before: number | undefined;
}

/** This many objects can still be listed and read back quickly, whatever the size of the database. */
const MOST_PIECES = 2_000;

/**
 * Chooses which tables are copied separately, and in how many pieces. A smaller table costs more in sessions than it
 * saves in time, and stays in the remainder.
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
