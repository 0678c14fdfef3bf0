import { quoteIdentifier, quoteLiteral } from "../../shared";
import { ALIVE } from "../programs";
import type { RowsPart, RowsPiece } from "../store";

/**
 * Every psql session that copies, in both directions, fixes the settings that would change the text of a value, hide
 * rows or end a long copy. Text is copied byte by byte: both databases have the same encoding.
 */
const session = (encoding: string) =>
  [
    `client_encoding = ${quoteLiteral(encoding)}`,
    "search_path = ''",
    "datestyle = 'ISO'",
    "intervalstyle = 'postgres'",
    "extra_float_digits = 3",
    "bytea_output = 'hex'",
    "row_security = off",
    "statement_timeout = 0",
    "lock_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "synchronize_seqscans = off",
  ]
    .map((setting) => `SET ${setting}`)
    .join("; ");

const words = (statements: readonly string[]) => [
  "--no-psqlrc",
  "--no-password",
  ALIVE,
  "--set=ON_ERROR_STOP=1",
  ...statements.map((statement) => `--command=${statement}`),
];

const nameOf = (schema: string, table: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

/**
 * The psql arguments that write a piece to stdout as of a snapshot. It does not wait for the table lock: the session
 * with the snapshot already holds that lock. A session queued in between waits for the end of the dump, and the dump
 * would wait for that session.
 */
export function copyOut(piece: RowsPiece, snapshot: string, encoding: string): string[] {
  const table = nameOf(piece.schema, piece.table);
  const pages = [
    `ctid >= '(${piece.from},0)'`,
    ...(piece.before === undefined ? [] : [`ctid < '(${piece.before},0)'`]),
  ];
  const whole = piece.from === 0 && piece.before === undefined;
  const rows = `SELECT ${piece.columns.map(quoteIdentifier)} FROM ONLY ${table}${whole ? "" : ` WHERE ${pages.join(" AND ")}`}`;
  return [
    "--quiet",
    ...words([
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      `SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`,
      session(encoding),
      `LOCK TABLE ONLY ${table} IN ACCESS SHARE MODE NOWAIT`,
      `COPY (${rows}) TO STDOUT WITH (FORMAT ${piece.format})`,
    ]),
  ];
}

/** The psql arguments that fill a table from stdin; psql prints the number of rows. */
export function copyIn(
  { schema, table, columns, format }: Pick<RowsPart, "schema" | "table" | "columns" | "format">,
  encoding: string,
): string[] {
  return words([
    session(encoding),
    `COPY ${nameOf(schema, table)} (${columns.map(quoteIdentifier)}) FROM STDIN WITH (FORMAT ${format})`,
  ]);
}

/** The number of rows that psql reports as copied. */
export const copiedRows = (answer: string) => Number(/^COPY (\d+)$/m.exec(answer)?.[1]);
