import { describe, expect, it } from "vitest";
import {
  type ColumnType,
  equalityIsIdentity,
  isWidening,
  parseColumnType,
} from "../../../../jobs/datasurface/model";

const type = (written: string): ColumnType => {
  const parsed = parseColumnType(written);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
};

describe("a column's type", () => {
  it.each([
    ["varchar(20)", "character varying(20)"],
    ["NVarChar( 20 )", "character varying(20)"],
    ["Char(3)", "character(3)"],
    ["int", "integer"],
    ["BigInt", "bigint"],
    ["IEEE64", "double precision"],
    ["Decimal(10, 2)", "numeric(10,2)"],
    ["numeric(10)", "numeric(10,0)"],
    ["timestamp", "timestamp without time zone"],
    ["timestamptz", "timestamp with time zone"],
    ["Variant", "bytea"],
    ["text[]", "text[]"],
    ["numeric(4,1)[]", "numeric(4,1)[]"],
  ])("%s is PostgreSQL's %s, and that reads as itself", (written, expected) => {
    expect(type(written).sql).toBe(expected);
    expect(type(expected).sql).toBe(expected);
  });

  it.each([
    ["varchar(10)", "varchar(20)", true],
    ["varchar(10)", "text", true],
    ["varchar(20)", "varchar(10)", false],
    ["text", "varchar(10)", false],
    ["smallint", "bigint", true],
    ["bigint", "integer", false],
    ["integer", "numeric(12,0)", false],
    ["numeric(6,2)", "numeric(8,2)", true],
    ["numeric(6,2)", "numeric(8,4)", true],
    ["numeric(6,2)", "numeric(7,4)", false],
    ["numeric(6,2)", "numeric", true],
    ["numeric", "numeric(6,2)", false],
    ["real", "double precision", true],
    ["integer", "integer[]", false],
    ["varchar(5)[]", "text[]", true],
    ["char(5)", "char(6)", false],
  ])("%s may become %s: %s", (from, to, allowed) => expect(isWidening(type(from), type(to))).toBe(allowed));

  it.each(["interval", "numeric", "real", "double precision", "json", "jsonb", "point"])(
    "%s is compared by its image, since equal values need not be the same",
    (written) => expect(equalityIsIdentity(type(written))).toBe(false),
  );
});
