import { createHash } from "node:crypto";
import { from as copyFrom } from "pg-copy-streams";
import { type Database, quoteIdentifier as quoted, quoteLiteral, sha256Of } from "../../../shared";
import { type ColumnType, type DatasetMask, isText, type Treatment } from "../../model";

/** SHA-256 hashes blocks of so many bytes; HMAC fills its key up to one. */
const BLOCK = 64;

const KEY_TABLE = "pg_temp.ds_surf_mask_key";

/** The two constants of HMAC (RFC 2104): the key, filled up to a block, with each byte combined with ipad or opad. */
function padsOf(key: string): { readonly inner: string; readonly outer: string } {
  const given = Buffer.from(key, "utf8");
  const block = Buffer.alloc(BLOCK);
  (given.length > BLOCK ? createHash("sha256").update(given).digest() : given).copy(block);
  const combined = (byte: number) => Buffer.from(block.map((each) => each ^ byte)).toString("hex");
  return { inner: combined(0x36), outer: combined(0x5c) };
}

/**
 * Gives a session the key of its masks. It goes as the data of a COPY into a temporary table, which no other session
 * can read: the text of a statement and its parameters end in the server's log, pg_stat_activity and
 * pg_stat_statements. Without pgcrypto: HMAC needs nothing but sha256, which every PostgreSQL has.
 */
export async function loadMaskKey(database: Database, key: string): Promise<void> {
  await database.query(
    `CREATE TEMPORARY TABLE ds_surf_mask_key ("inner" bytea NOT NULL, "outer" bytea NOT NULL)`,
  );
  const { inner, outer } = padsOf(key);
  const writing = database.query(copyFrom(`COPY ${KEY_TABLE} FROM STDIN`));
  await new Promise<void>((resolve, reject) => {
    writing.on("finish", resolve).on("error", reject);
    writing.end(`\\\\x${inner}\t\\\\x${outer}\n`);
  });
}

/** A digest of how a dataset is masked, and with which key. It tells nothing about the key. */
export const definitionOf = (masks: readonly DatasetMask[], key: string | undefined): string =>
  sha256Of(
    JSON.stringify([
      masks.map(({ from, columns }) => [
        from.name,
        columns.map((each) => [each.column.name, each.treatment]),
      ]),
      key === undefined ? null : sha256Of(`datasurface mask ${key}`),
    ]),
  ).slice(0, 16);

/** A SELECT of the masked columns, in the copy's order and types. */
export function renderMask(
  store: string,
  { from, columns }: DatasetMask,
  table: string,
  where: string,
): string {
  const types = new Map(from.columns.map(({ name, type }) => [name, type]));
  const masked = columns.map(({ column, treatment }) => {
    const place = `${store}.${from.name}.${column.name}`;
    return `${renderTreatment(treatment, column, place, types)} AS ${quoted(column.name)}`;
  });
  return `SELECT ${masked.join(", ")} FROM ${table} WHERE ${where}`;
}

function renderTreatment(
  treatment: Treatment,
  { name, type }: { readonly name: string; readonly type: ColumnType },
  place: string,
  types: ReadonlyMap<string, ColumnType>,
): string {
  if (typeof treatment === "object") {
    const { by, days } = treatment.shift;
    return renderShift(
      quoted(name),
      type,
      authenticated("shift:", canonical(by, types.get(by) ?? type)),
      days,
    );
  }
  switch (treatment) {
    case "keep":
      return quoted(name);
    case "redact":
      return isText(type) ? `CAST('redacted' AS ${type.sql})` : `CAST(NULL AS ${type.sql})`;
    case "token":
      return `encode(${authenticated("token:", canonical(name, type))}, 'hex')`;
    case "hash":
      // The place keeps equal values of two columns apart: only tokens join.
      return `encode(${authenticated(`hash:${place}:`, canonical(name, type))}, 'hex')`;
    case "drop":
      throw new Error(`${place} is dropped, and cannot be read`);
  }
}

/** HMAC-SHA256 of a text with a prefix, which keeps the uses of one key apart. Null for null. */
const authenticated = (prefix: string, text: string) =>
  `sha256((SELECT "outer" FROM ${KEY_TABLE}) || sha256((SELECT "inner" FROM ${KEY_TABLE}) || ` +
  `convert_to(${quoteLiteral(prefix)} || ${text}, 'UTF8')))`;

/** The text of a value, one for all values that are equal. */
function canonical(name: string, { base, array }: ColumnType): string {
  const column = quoted(name);
  if (array) return `${column}::text`;
  if (base === "numeric") return `trim_scale(${column})::text`;
  // Adding 0 turns -0 into 0, to which it is equal.
  if (base === "real" || base === "double precision") return `(${column}::double precision + 0)::text`;
  return `${column}::text`;
}

/**
 * Adds an offset of days. Offsets are the odd numbers from -days to days, because 0 would show the date as it is. Null
 * where there is nothing to choose the offset by: one for all such rows would be found out with one known date.
 */
function renderShift(column: string, { base }: ColumnType, digest: string, days: number): string {
  const offsets = days % 2 === 0 ? days : days + 1;
  const number = `('x' || encode(substring(${digest} FROM 1 FOR 7), 'hex'))::bit(56)::bigint`;
  const offset = `(2 * (${number} % ${offsets}) - ${offsets - 1})::integer`;
  return base === "date" ? `${column} + ${offset}` : `${column} + make_interval(days => ${offset})`;
}
