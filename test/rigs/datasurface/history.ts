import fc from "fast-check";
import type { ColumnSpec } from "./datasurface";

/** A row as PostgreSQL writes its values; null is null. */
export type Row = readonly (string | null)[];

/** What the source holds at one batch: rows by key. */
export type Snapshot = ReadonlyMap<string, Row>;

/** Text that breaks every careless encoding: separators, quotes, escapes, null look-alikes, all planes of Unicode. */
const PIECES = [
  "",
  " ",
  "\t",
  "\n",
  "\r",
  "\\",
  "\\N",
  "\\.",
  "|",
  ",",
  "'",
  '"',
  "ab",
  "c",
  "null",
  "NULL",
  "{}",
  "ü",
  "日本",
  "😀",
  "\u0001",
  "é",
];
const textOf = (longest: number) =>
  fc
    .array(fc.constantFrom(...PIECES), { maxLength: longest })
    .map((pieces) => [...pieces.join("")].slice(0, longest).join(""));

const two = (value: number) => String(value).padStart(2, "0");
const date = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`);
const timestamp = fc
  .tuple(date, fc.integer({ min: 0, max: 86_399 }), fc.constantFrom("", ".1", ".000001", ".999999"))
  .map(
    ([day, second, fraction]) =>
      `${day} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}${fraction}`,
  );
const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });

/** Values of each type, drawn from few, so that equal and nearly equal ones meet. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  boolean: fc.constantFrom("true", "false"),
  smallint: fc.constantFrom("0", "-1", "32767"),
  integer: fc.oneof(fc.constantFrom("0", "1"), fc.integer().map(String)),
  bigint: fc.constantFrom("0", "9007199254740993", "-9223372036854775808"),
  real: fc.constantFrom("0", "-0", "0.1", "NaN", "Infinity", "3.4e38"),
  "double precision": fc.constantFrom("0", "-0", "0.1", "0.30000000000000004", "NaN", "1e-300"),
  numeric: fc.constantFrom("1", "1.0", "1.00", "NaN", "-0.000001", "123456789012345678901234567890.5"),
  "numeric(10,2)": fc.constantFrom("0", "1.5", "1.50", "-99999999.99"),
  "varchar(20)": textOf(20),
  "char(4)": fc.constantFrom("", "a", "a ", "abcd"),
  text: textOf(40),
  bytea: fc.constantFrom("\\x", "\\x00", "\\x5c4e", "\\xff00ff"),
  uuid: hex,
  date: fc.oneof(date, fc.constantFrom("infinity", "0044-03-15 BC")),
  time: fc.constantFrom("00:00:00", "23:59:59.999999", "24:00:00"),
  timestamp,
  timestamptz: timestamp.map((at) => `${at}+05:30`),
  interval: fc.constantFrom("1 mon", "30 days", "720:00:00", "1 day", "24:00:00", "-1 year"),
  inet: fc.constantFrom("10.0.0.1", "10.0.0.1/32", "10.0.0.0/8", "::1"),
  json: fc.constantFrom('{"a":1}', '{"a": 1}', "null", "[]", '"\\u00e9"'),
  jsonb: fc.constantFrom('{"a":1}', '{"a":1.0}', "null", "[]", '{"b":{"c":[1,null]}}'),
  point: fc.constantFrom("(0,0)", "(-0,0)", "(1.5,2)"),
  "integer[]": fc.constantFrom("{}", "{1,NULL}", "{NULL}", "[2:3]={1,2}", "{{1},{2}}"),
  "text[]": fc.constantFrom("{}", '{"a,b",c}', '{a,"b,c"}', "{NULL}", '{"NULL"}'),
};

const KEY_TYPES = [
  "smallint",
  "integer",
  "bigint",
  "varchar(20)",
  "text",
  "uuid",
  "date",
  "bytea",
  "numeric(10,2)",
  "boolean",
  "timestamp",
];

export interface DatasetHistory {
  readonly columns: readonly ColumnSpec[];
  /** The rows of the source before each batch, with keys that come, change, go and come back. */
  readonly batches: readonly (readonly Row[])[];
}

const drawValue = ({ type, nullable }: ColumnSpec): fc.Arbitrary<string | null> => {
  const values = VALUES[type];
  if (!values) throw new Error(`no values of type ${type}`);
  return nullable ? fc.option(values, { freq: 4 }) : values;
};

/** A dataset with a random key and random columns, and its rows over some batches. */
export function datasetHistory({
  batches,
  keyed,
}: {
  batches: number;
  keyed: boolean;
}): fc.Arbitrary<DatasetHistory> {
  const keys = fc.array(fc.constantFrom(...KEY_TYPES), {
    minLength: keyed ? 1 : 0,
    maxLength: keyed ? 3 : 0,
  });
  const others = fc.array(fc.constantFrom(...Object.keys(VALUES)), {
    minLength: keyed ? 0 : 1,
    maxLength: 7,
  });
  return fc.tuple(keys, others, fc.boolean()).chain(([keyTypes, types, keyFirst]) => {
    const key = keyTypes.map((type, index): ColumnSpec => ({ name: `k${index}`, type, key: true }));
    const rest = types.map(
      (type, index): ColumnSpec => ({ name: `Column_${index}`, type, nullable: index % 3 > 0 }),
    );
    const columns = keyFirst ? [...key, ...rest] : [...rest, ...key];
    // Each batch chooses among the same few versions of the same few keys.
    const keyPool = fc.array(fc.tuple(...key.map(drawValue)), { minLength: 1, maxLength: 5 });
    const pool = keyPool.chain((pool) =>
      fc.array(fc.tuple(fc.constantFrom(...pool), fc.tuple(...rest.map(drawValue))), {
        minLength: 1,
        maxLength: 15,
      }),
    );
    return pool.chain((versions) => {
      const rows = versions.map(
        ([keys, values]): Row => (keyFirst ? [...keys, ...values] : [...values, ...keys]),
      );
      const some = fc
        .shuffledSubarray([...rows.keys()])
        .map((chosen) => chosen.map((index) => rows[index] ?? []));
      return fc
        .array(some, { minLength: batches, maxLength: batches })
        .map((drawn) => ({ columns, batches: drawn }));
    });
  });
}

/** What the definitions alone say of a history: no SQL, no batch by batch bookkeeping. */
export function oracle(history: readonly Snapshot[]) {
  const keys = new Set(history.flatMap((snapshot) => [...snapshot.keys()]));
  const at = (batch: number, key: string) => history[batch - 1]?.get(key);
  const same = (a: Row | undefined, b: Row | undefined) => JSON.stringify(a) === JSON.stringify(b);
  const last = history.length;

  /** The versions of every key: the longest runs of batches in which it had one and the same row. */
  const versions = [...keys].flatMap((key) => {
    const runs: { key: string; row: Row; in: number; out: number }[] = [];
    for (let batch = 1; batch <= last; batch++) {
      const row = at(batch, key);
      if (row === undefined) continue;
      const run = runs.at(-1);
      if (run && run.out === batch - 1 && same(run.row, row)) run.out = batch;
      else runs.push({ key, row, in: batch, out: batch });
    }
    return runs;
  });

  const counts = (batch: number) => {
    const inBatch = [...keys].filter((key) => at(batch, key) !== undefined);
    const before = [...keys].filter((key) => at(batch - 1, key) !== undefined);
    const updated = inBatch.filter(
      (key) => before.includes(key) && !same(at(batch, key), at(batch - 1, key)),
    );
    return {
      keys_new: inBatch.filter((key) => !before.includes(key)).length,
      records_updated: updated.length,
      records_deleted: before.filter((key) => !inBatch.includes(key)).length,
      unchanged: inBatch.filter((key) => same(at(batch, key), at(batch - 1, key))).length,
      total_records: inBatch.length,
    };
  };

  return {
    versions,
    counts,
    last,
    live: versions.filter(({ out }) => out === last),
    asOf: (batch: number) => history[batch - 1],
  };
}
