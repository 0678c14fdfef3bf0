import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import { type Database, quoteIdentifier as quoted } from "../../../shared";
import { fitIdentifier } from "../../model";
import { type FollowedTable, SnapshotNeeded } from "../changes-state";
import type { DatasetTables } from "../tables";
import type { OldRow, Relation, Value } from "./pgoutput";

/** Changes are sent to the merge database in pieces of about so many characters. */
const PIECE = 4 * 2 ** 20;

const REAL = 700; // the type's number in every PostgreSQL

/** One dataset's changes of a batch: a temporary table of the merge database, in the order of the source's log. */
export class ChangeLog {
  /** The table, as it is written in SQL. */
  readonly table: string;
  readonly fromColumns: readonly string[];
  /** Changes before this one are of no account: a TRUNCATE followed them. 0: none did. */
  truncated = 0;
  /** Positions, from 1, of the columns of which an UPDATE did not tell the value. */
  readonly unchanged = new Set<number>();
  private readonly name: string;
  /** For each column of the merge table: its place in the source's row, and how its text is converted. */
  private places: readonly { readonly at: number; readonly isReal: boolean }[] = [];
  private lines: string[] = [];
  private size = 0;
  /** Whether the batch has changes of the dataset. */
  any = false;
  private readonly keys: readonly number[];

  constructor(
    readonly tables: DatasetTables,
    private readonly followed: FollowedTable,
  ) {
    this.name = quoted(fitIdentifier(`log_of_${tables.dataset.name}`));
    this.table = `pg_temp.${this.name}`;
    this.keys = tables.key.map((name) => tables.columns.findIndex((column) => column.name === name));
    this.fromColumns = tables.key.map((_, index) => `ds_surf_from_${index + 1}`);
  }

  async create(merge: Database): Promise<void> {
    const columns = this.tables.columns.map(({ name, type }) => `${quoted(name)} ${type.sql}`);
    const from = this.keys.map(
      (at, index) => `ds_surf_from_${index + 1} ${this.tables.columns[at]?.type.sql}`,
    );
    await merge.query(
      `CREATE TEMPORARY TABLE ${this.name} (ds_surf_seq bigint NOT NULL, ds_surf_before bigint NOT NULL, ds_surf_gone boolean NOT NULL,
         ds_surf_unchanged integer[], ${[...from, ...columns].join(", ")}) ON COMMIT DROP`,
    );
  }

  shows({ schema, table }: Relation): boolean {
    return schema === this.followed.schema && table === this.followed.table;
  }

  /** Takes the shape of the rows that follow, and refuses one in which merged rows may have other values. */
  describe(relation: Relation): void {
    const { dataset } = this.tables;
    const columns = new Map(relation.columns.map((column, at) => [column.name, { ...column, at }]));
    this.places = dataset.columns.map(({ name, key, type, retired }) => {
      if (retired) return { at: -1, isReal: false };
      const column = columns.get(name);
      const [number, modifier] = this.followed.columns[name] ?? [];
      if (!column)
        throw new SnapshotNeeded(`column ${name} of ${dataset.name} was dropped or renamed in the source`);
      if (column.type !== number || column.modifier !== modifier)
        throw new SnapshotNeeded(
          `column ${name} of ${dataset.name} has another type in the source than before`,
        );
      if (key && !column.identity)
        throw new SnapshotNeeded(
          `the replica identity of ${dataset.name} no longer has the column ${name} of the key`,
        );
      return { at: column.at, isReal: column.type === REAL && type.base !== "real" };
    });
  }

  insert(seq: number, row: readonly Value[]): void {
    this.write(seq, seq, this.take(row), undefined);
  }

  update(seq: number, old: OldRow | undefined, row: readonly Value[]): void {
    const now = this.take(row, old);
    const before = old ? this.take(old.values) : now;
    const moved = this.keys.some((key) => before[key] !== now[key]);
    // The old key is gone before the new one comes: they may be equal in SQL, as 1.0 and 1.00 are.
    if (moved) this.gone(seq, before);
    this.write(moved ? seq + 1 : seq, seq, now, before);
  }

  delete(seq: number, old: OldRow): void {
    this.gone(seq, this.take(old.values));
  }

  truncate(seq: number): void {
    this.any = true;
    this.truncated = seq;
    this.lines = [];
    this.size = 0;
    this.unchanged.clear();
  }

  get isFull(): boolean {
    return this.size >= PIECE;
  }

  /** Sends the changes that wait. */
  async flush(merge: Database): Promise<void> {
    if (this.lines.length === 0) return;
    const bytes = Buffer.from(this.lines.join(""), "latin1");
    this.lines = [];
    this.size = 0;
    await pipeline(Readable.from([bytes]), merge.query(copyFrom(`COPY ${this.table} FROM STDIN`)));
  }

  /** The values of the merge table's columns; where the row does not tell one, that of the old row. */
  private take(row: readonly Value[], old?: OldRow): Value[] {
    return this.places.map(({ at, isReal }, column) => {
      if (at < 0) return null;
      const isTold = old !== undefined && (old.whole || this.keys.includes(column));
      const value = row[at] === undefined && isTold ? old.values[at] : row[at];
      return isReal && value != null ? asDouble(value) : value;
    });
  }

  private gone(seq: number, values: readonly Value[]): void {
    const columns = values.map((value, at) => (this.keys.includes(at) ? value : null));
    this.line([String(seq), String(seq), "t", null, ...this.keys.map(() => null), ...columns]);
  }

  private write(
    seq: number,
    before: number,
    values: readonly Value[],
    from: readonly Value[] | undefined,
  ): void {
    let unchanged: string | null = null;
    if (values.includes(undefined)) {
      const positions = values.flatMap((value, at) => (value === undefined ? [at + 1] : []));
      for (const position of positions) this.unchanged.add(position);
      unchanged = `{${positions.join(",")}}`;
    }
    this.line([
      String(seq),
      String(before),
      "f",
      unchanged,
      ...this.keys.map((key) => from?.[key] ?? null),
      ...values,
    ]);
  }

  private line(values: readonly Value[]): void {
    this.any = true;
    const line = `${values.map(inCopy).join("\t")}\n`;
    this.lines.push(line);
    this.size += line.length;
  }
}

/** A value as COPY reads it. The bytes of a character beyond ASCII are never those of an escape. */
const inCopy = (value: Value): string =>
  value == null
    ? "\\N"
    : /[\\\t\n\r]/.test(value)
      ? value.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r")
      : value;

/** The double that a real is, as PostgreSQL casts it: 0.1 is 0.10000000149011612. */
const asDouble = (real: string): string => {
  const number = Math.fround(Number(real));
  return Object.is(number, -0) ? "-0" : String(number);
};
