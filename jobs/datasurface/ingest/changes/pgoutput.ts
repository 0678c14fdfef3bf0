/**
 * The messages of `pgoutput`, version 1, PostgreSQL's own format of changes:
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */

/**
 * One value of a row: the bytes of its text, one character each (latin1); null; or `undefined` for a value outside of the
 * row (TOAST) that an UPDATE did not change, and that is therefore not in the log.
 */
export type Value = string | null | undefined;

export interface RelationColumn {
  readonly name: string;
  /** Whether the replica identity includes it, so that an UPDATE or DELETE tells its old value. */
  readonly identity: boolean;
  readonly type: number;
  readonly modifier: number;
}

export interface Relation {
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly RelationColumn[];
}

/** The row before an UPDATE or DELETE: the values of the replica identity, or of all columns. */
export interface OldRow {
  readonly whole: boolean;
  readonly values: readonly Value[];
}

export type Message =
  | { readonly kind: "begin"; readonly commit: bigint }
  | { readonly kind: "commit"; readonly end: bigint }
  | { readonly kind: "relation"; readonly relation: Relation }
  | { readonly kind: "insert"; readonly relation: number; readonly row: readonly Value[] }
  | {
      readonly kind: "update";
      readonly relation: number;
      readonly old: OldRow | undefined;
      readonly row: readonly Value[];
    }
  | { readonly kind: "delete"; readonly relation: number; readonly old: OldRow }
  | { readonly kind: "truncate"; readonly relations: readonly number[] }
  | { readonly kind: "other" };

const OTHER: Message = { kind: "other" };

export function parseMessage(bytes: Buffer): Message {
  const reader = new Reader(bytes);
  const code = reader.letter();
  switch (code) {
    case "B":
      return { kind: "begin", commit: reader.long() };
    case "C":
      reader.skip(1 + 8);
      return { kind: "commit", end: reader.long() };
    case "R":
      return { kind: "relation", relation: relationOf(reader) };
    case "I": {
      const relation = reader.integer();
      reader.expect("N");
      return { kind: "insert", relation, row: reader.row() };
    }
    case "U": {
      const relation = reader.integer();
      const first = reader.letter();
      const old = first === "N" ? undefined : { whole: first === "O", values: reader.row() };
      if (old) reader.expect("N");
      return { kind: "update", relation, old, row: reader.row() };
    }
    case "D": {
      const relation = reader.integer();
      const whole = reader.letter() === "O";
      return { kind: "delete", relation, old: { whole, values: reader.row() } };
    }
    case "T": {
      const count = reader.integer();
      reader.skip(1); // CASCADE and RESTART IDENTITY: each table that CASCADE reaches is named
      return { kind: "truncate", relations: Array.from({ length: count }, () => reader.integer()) };
    }
    case "Y": // a type's name
    case "O": // the origin of a transaction
    case "M": // a message of an application
      return OTHER;
    default:
      throw new Error(`pgoutput sent a message ${JSON.stringify(code)}, which version 1 does not have`);
  }
}

function relationOf(reader: Reader): Relation {
  const id = reader.integer();
  const schema = reader.text();
  const table = reader.text();
  reader.skip(1); // the kind of replica identity: the columns tell which they are
  const columns = Array.from({ length: reader.short() }, () => ({
    identity: (reader.byte() & 1) === 1,
    name: reader.text(),
    type: reader.integer(),
    modifier: reader.signed(),
  }));
  return { id, schema, table, columns };
}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  letter(): string {
    return String.fromCharCode(this.byte());
  }

  expect(letter: string): void {
    const found = this.letter();
    if (found !== letter) throw new Error(`pgoutput sent ${found} in place of ${letter}`);
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  short(): number {
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  integer(): number {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  signed(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  long(): bigint {
    this.at += 8;
    return this.bytes.readBigUInt64BE(this.at - 8);
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = this.bytes.toString("utf8", this.at, end);
    this.at = end + 1;
    return text;
  }

  row(): Value[] {
    const values: Value[] = [];
    for (let left = this.short(); left > 0; left--) values.push(this.value());
    return values;
  }

  private value(): Value {
    const kind = this.letter();
    if (kind === "n") return null;
    if (kind === "u") return undefined;
    if (kind !== "t") throw new Error(`pgoutput sent a value of kind ${kind}, which was not asked for`);
    const length = this.integer();
    this.at += length;
    return this.bytes.toString("latin1", this.at - length, this.at);
  }
}
