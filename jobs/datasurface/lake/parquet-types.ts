import type { ParquetWriter } from "hyparquet-writer";
import type { ColumnType } from "../model";

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

/** The most digits that readers of Parquet take as a decimal. */
const MOST_DIGITS = 38;

/** Sixteen bytes hold 38 digits and a sign. */
const DECIMAL_BYTES = 16;

/** A column of a Parquet file, and how a value becomes one of it without a loss. */
export interface ParquetColumn {
  readonly name: string;
  /** As the manifest tells it. */
  readonly type: string;
  readonly element: SchemaElement;
  /** The SQL expression that reads the column, of its quoted name. */
  readonly expression: (column: string) => string;
  /** From PostgreSQL's text. */
  readonly convert: (text: string) => unknown;
}

/** A value that the column's type in Parquet does not have, such as a date without end. */
export class Unwritable extends Error {}

const asIs = (column: string) => column;
const DAYS = (column: string) => `(extract(epoch FROM ${column}::timestamp) / 86400)::numeric`;
const MICROSECONDS = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::numeric`;

/** The column of a file for a column of a merge table. A type that Parquet does not have is PostgreSQL's text. */
export function parquetColumn(name: string, column: ColumnType, nullable: boolean): ParquetColumn {
  const of = (
    type: string,
    element: Omit<SchemaElement, "name" | "repetition_type">,
    convert: ParquetColumn["convert"],
    expression = asIs,
  ): ParquetColumn => ({
    name,
    type,
    element: { name, repetition_type: nullable ? "OPTIONAL" : "REQUIRED", ...element },
    expression,
    convert,
  });
  const text = () => of("string", { type: "BYTE_ARRAY", converted_type: "UTF8" }, (value) => value);
  if (column.array) return text();
  switch (column.base) {
    case "boolean":
      return of("boolean", { type: "BOOLEAN" }, (value) => value === "t");
    case "smallint":
    case "integer":
      return of("int32", { type: "INT32" }, Number);
    case "bigint":
      return of("int64", { type: "INT64" }, BigInt);
    case "real":
      return of("float", { type: "FLOAT" }, Number);
    case "double precision":
      return of("double", { type: "DOUBLE" }, Number);
    case "numeric": {
      if (!column.digits || column.digits.precision > MOST_DIGITS) return text();
      const { precision, scale } = column.digits;
      const element = {
        type: "FIXED_LEN_BYTE_ARRAY",
        type_length: DECIMAL_BYTES,
        converted_type: "DECIMAL",
      } as const;
      return of(`decimal(${precision},${scale})`, { ...element, precision, scale }, (value) =>
        wholeOf(value.replace(".", "")),
      );
    }
    case "bytea":
      return of("binary", { type: "BYTE_ARRAY" }, (value) => Buffer.from(value.slice(2), "hex"));
    case "uuid":
      return of(
        "uuid",
        { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, logical_type: { type: "UUID" } },
        (value) => value,
      );
    case "date":
      return of("date", { type: "INT32", converted_type: "DATE" }, (value) => Number(wholeOf(value)), DAYS);
    case "timestamp without time zone":
      return of("timestamp", timestamp(false), wholeOf, MICROSECONDS);
    case "timestamp with time zone":
      return of("timestamptz", timestamp(true), wholeOf, MICROSECONDS);
    default:
      return text();
  }
}

const timestamp = (isAdjustedToUTC: boolean) =>
  ({ type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC, unit: "MICROS" } }) as const;

/** A whole number, however PostgreSQL writes the digits after its point. */
function wholeOf(text: string): bigint {
  const match = /^(-?\d+)(?:\.0*)?$/.exec(text);
  if (!match?.[1]) throw new Unwritable(text);
  return BigInt(match[1]);
}
