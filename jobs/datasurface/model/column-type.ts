/** A column's type in PostgreSQL's own notation, with the properties that ingestion needs. */
export interface ColumnType {
  /** The name that `format_type` returns, so that the types of a table and of the model compare as text. */
  readonly sql: string;
  readonly base: Base;
  readonly array: boolean;
  /** The length of varchar and char. */
  readonly length?: number;
  /** Precision and scale of numeric. */
  readonly digits?: { readonly precision: number; readonly scale: number };
}

const BASES = [
  "boolean",
  "smallint",
  "integer",
  "bigint",
  "real",
  "double precision",
  "numeric",
  "character varying",
  "character",
  "text",
  "bytea",
  "uuid",
  "date",
  "time without time zone",
  "timestamp without time zone",
  "timestamp with time zone",
  "interval",
  "inet",
  "json",
  "jsonb",
  "point",
] as const;

type Base = (typeof BASES)[number];

/** Other names of the same types: from SQL, PostgreSQL's short names, and from ecosystem models. */
const ALIASES: Readonly<Record<string, Base>> = {
  bool: "boolean",
  int2: "smallint",
  int: "integer",
  int4: "integer",
  int8: "bigint",
  ieee32: "real",
  float4: "real",
  ieee64: "double precision",
  float8: "double precision",
  double: "double precision",
  decimal: "numeric",
  varchar: "character varying",
  nvarchar: "character varying",
  char: "character",
  nchar: "character",
  variant: "bytea",
  time: "time without time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
};

const ALLOWED_TYPES =
  "boolean, smallint, integer, bigint, real, double precision, numeric[(p,s)], varchar(n), char(n), text, bytea, " +
  "uuid, date, time, timestamp, timestamptz, interval, inet, json, jsonb, point, and arrays of them (integer[])";

const NUMERIC_DIGITS = 1000;
const LONGEST_TEXT = 10_485_760;

/** Parses a type as written in a model; returns the problem as text where it is invalid. */
export function parseColumnType(written: string): ColumnType | string {
  const match = /^([a-z][a-z0-9 ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*(\[\])?$/.exec(
    written.trim().toLowerCase(),
  );
  const name = match?.[1];
  const base = BASES.find((each) => each === name) ?? (name === undefined ? undefined : ALIASES[name]);
  if (!match || !base) return `allowed: ${ALLOWED_TYPES}`;
  const [first, second] = [match[2], match[3]].map((digits) =>
    digits === undefined ? undefined : Number(digits),
  );
  const array = match[4] !== undefined;
  const suffix = array ? "[]" : "";

  if (base === "numeric" && first !== undefined) {
    const scale = second ?? 0;
    if (first < 1 || first > NUMERIC_DIGITS || scale > first) {
      return `allowed: numeric(p,s) with p from 1 to ${NUMERIC_DIGITS} and s from 0 to p`;
    }
    return { sql: `numeric(${first},${scale})${suffix}`, base, array, digits: { precision: first, scale } };
  }
  if (base === "character varying" || base === "character") {
    if (first === undefined) return `allowed: a length, such as ${written.trim()}(100), or text`;
    if (first < 1 || first > LONGEST_TEXT || second !== undefined)
      return `allowed: a length from 1 to ${LONGEST_TEXT}`;
    return { sql: `${base}(${first})${suffix}`, base, array, length: first };
  }
  if (first !== undefined) return `allowed: ${base} without a length`;
  return { sql: `${base}${suffix}`, base, array };
}

/** Whether rows can be joined on such a column: the type supports equality, sorting and hashing. */
export const canBeKey = ({ base }: ColumnType) => base !== "json" && base !== "point";

/**
 * Whether two equal values are always identical. Where they may differ (`1 month` = `30 days`, 1.0 = 1.00 in a numeric
 * without scale, 0 = -0), or where the type has no equality, values are compared by their binary form.
 */
export function equalityIsIdentity({ base, digits }: ColumnType): boolean {
  if (base === "numeric") return digits !== undefined;
  return !["real", "double precision", "interval", "json", "jsonb", "point"].includes(base);
}

/**
 * Whether every value of `from` is also, unchanged, a value of `to`; a table's column may change its type only this
 * way.
 */
export function isWidening(from: ColumnType, to: ColumnType): boolean {
  if (from.array !== to.array) return false;
  if (from.sql === to.sql) return true;
  const integers: readonly Base[] = ["smallint", "integer", "bigint"];
  if (integers.includes(from.base) && integers.includes(to.base)) {
    return integers.indexOf(from.base) < integers.indexOf(to.base);
  }
  if (from.base === "real" && to.base === "double precision") return true;
  if (from.base === "character varying" && to.base === "text") return true;
  if (from.base === "character varying" && to.base === "character varying")
    return (from.length ?? 0) < (to.length ?? 0);
  if (from.base === "numeric" && to.base === "numeric") {
    if (!to.digits) return true;
    if (!from.digits) return false;
    const whole = (digits: { precision: number; scale: number }) => digits.precision - digits.scale;
    return from.digits.scale <= to.digits.scale && whole(from.digits) <= whole(to.digits);
  }
  return false;
}
