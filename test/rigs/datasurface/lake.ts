import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "vitest";
import { lake } from "../../../jobs/datasurface/lake";
import { ObjectStore, type ObjectStoreAddress } from "../../../jobs/shared";
import { addressOf, type ColumnSpec, type PlatformName, type World } from "./datasurface";

/** A column of each type that a file has, and of those that are text in it. */
export const EVERY_TYPE: readonly ColumnSpec[] = [
  { name: "id", type: "bigint", key: true },
  ...[
    ...[
      "boolean",
      "smallint",
      "integer",
      "real",
      "double precision",
      "numeric",
      "numeric(10,2)",
      "numeric(38,6)",
    ],
    ...["varchar(20)", "char(4)", "text", "bytea", "uuid", "date", "time", "timestamp", "timestamptz"],
    ...["interval", "inet", "json", "jsonb", "point", "integer[]", "text[]"],
  ].map((type, index) => ({ name: `c${index}`, type })),
];

const VALUES = [
  [
    ...[
      "true",
      "-32768",
      "2147483647",
      "3.4e38",
      "0.30000000000000004",
      "123456789012345678901234567890.5",
      "-99999999.99",
    ],
    ...[
      "12345678901234567890123456789012.345678",
      "tab\tü😀",
      "ab",
      "line\nbreak",
      "\\x00ff5c",
      "00000000-0000-4000-8000-00000000ffff",
    ],
    ...["2026-02-28", "24:00:00", "1969-12-31 23:59:59.999999", "2026-03-01 01:02:03.000001+05:30"],
    ...["1 mon", "10.0.0.1/8", '{"a": 1}', '{"a": 1.0}', "(1.5,-2)", "{1,NULL}", '{"a,b",NULL}'],
  ],
  [
    ...[
      "false",
      "0",
      "-1",
      "NaN",
      "-0",
      "NaN",
      "0.05",
      "-0.000001",
      "",
      "",
      "",
      "\\x",
      "ffffffff-ffff-4fff-bfff-ffffffffffff",
    ],
    ...[
      "0001-01-01",
      "00:00:00",
      "9999-12-31 00:00:00",
      "1970-01-01 00:00:00+00",
      "720:00:00",
      "::1",
      "null",
      "[]",
      "(0,0)",
      "{}",
      "{}",
    ],
  ],
];

/** Rows with extreme values, with nulls and without. */
export async function fillSource(world: World, rows: number): Promise<void> {
  const columns = EVERY_TYPE.map(({ name, type }) => `${name} ${type}`).join(", ");
  await world.source.query(
    `CREATE TABLE things (${columns}, PRIMARY KEY (id)); CREATE TABLE quiet (${columns}, PRIMARY KEY (id))`,
  );
  const list = EVERY_TYPE.map(({ name }) => name).join(", ");
  for (const table of ["things", "quiet"]) {
    for (const [index, values] of VALUES.entries()) {
      const places = values.map((_, at) => `$${at + 2}`).join(", ");
      await world.source.query(`INSERT INTO ${table} (${list}) VALUES ($1, ${places})`, [
        index + 1,
        ...values,
      ]);
    }
  }
  const rest = EVERY_TYPE.slice(1)
    .map(({ name }) => `CASE WHEN n % 3 > 0 THEN ${name} END`)
    .join(", ");
  await world.source.query(
    `INSERT INTO things (${list}) SELECT n, ${rest} FROM generate_series(3, $1::int) AS n JOIN things ON id = 1 + n % 2`,
    [rows],
  );
}

export const writeLake = (
  world: World,
  platform: PlatformName,
  address: ObjectStoreAddress,
  { keep = 10, signal = world.context.signal } = {},
) =>
  lake(
    { platform, store: "Store1", dataset: undefined, merge: addressOf(world.merge), lake: address, keep },
    world.model,
    { ...world.context, signal },
  );

interface Manifest {
  readonly batch: number;
  readonly versions: boolean;
  readonly datasets: Readonly<
    Record<
      string,
      {
        readonly rows: number;
        readonly columns: readonly { readonly name: string; readonly type: string }[];
        readonly files: readonly { readonly key: string; readonly rows: number; readonly sha256: string }[];
      }
    >
  >;
}

export async function latestOf(
  address: ObjectStoreAddress,
  platform: PlatformName,
): Promise<Manifest | undefined> {
  const text = await new ObjectStore(address).readText(`${platform.toLowerCase()}/store1/latest.json`);
  return text === undefined ? undefined : JSON.parse(text);
}

/** What DuckDB, which shares no code with the writer, finds in the files of the newest batch: equal, row for row. */
export async function duckReadsTheTable(
  world: World,
  platform: PlatformName,
  address: ObjectStoreAddress,
): Promise<void> {
  const manifest = await latestOf(address, platform);
  expect(manifest).toBeDefined();
  for (const [dataset, { columns, rows, files }] of Object.entries(manifest?.datasets ?? {})) {
    const found = await readByDuck(address, files, columns);
    const expected = await world.merge.query<Record<string, string | null>>(
      `SELECT ${columns.map(inPostgres).join(", ")} FROM ${platform}_store1_${dataset}_merge AS m ORDER BY m.id, m.${columns.at(-1)?.name}`,
    );
    expect(found).toHaveLength(rows);
    const rowsOf = expected.map((row) => Object.values(row));
    expect(normal(columns, found)).toEqual(normal(columns, rowsOf));
  }
}

type Column = Manifest["datasets"][string]["columns"][number];

async function readByDuck(
  address: ObjectStoreAddress,
  files: readonly { readonly key: string; readonly sha256: string }[],
  columns: readonly Column[],
): Promise<unknown[][]> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-lake-"));
  const duck = await DuckDBInstance.create(":memory:");
  const connection = await duck.connect();
  try {
    const paths: string[] = [];
    for (const { key, sha256 } of files) {
      const pieces: Buffer[] = [];
      for await (const piece of new ObjectStore(address).read(key)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
      paths.push(join(folder, basename(key)));
      writeFileSync(paths.at(-1) ?? "", bytes);
    }
    const list = paths.map((path) => `'${path}'`).join(", ");
    const answer = await connection.runAndReadAll(
      `SELECT ${columns.map(inDuck).join(", ")} FROM read_parquet([${list}]) AS f ORDER BY f.id, f.${columns.at(-1)?.name}`,
    );
    // Safe: `getRowsJson` gives text, null and numbers; each column is made text by the query.
    return answer.getRowsJson() as unknown[][];
  } finally {
    connection.closeSync();
    duck.closeSync();
    rmSync(folder, { recursive: true });
  }
}

/** The text of a value, the same in both. A column of another type than the manifest says would fail or differ. */
const inPostgres = ({ name, type }: Column): string => {
  if (type === "binary") return `encode(${name}, 'hex') AS ${name}`;
  if (type.startsWith("timestamp")) return `(extract(epoch FROM ${name}) * 1000000)::bigint::text AS ${name}`;
  return `CASE WHEN ${name} IS NOT NULL THEN ${type === "boolean" ? `${name}::text` : `format('%s', ${name})`} END AS ${name}`;
};

const inDuck = ({ name, type }: Column): string => {
  if (type === "binary") return `lower(hex(${name}))`;
  if (type.startsWith("timestamp")) return `CAST(epoch_us(${name}) AS VARCHAR)`;
  return `CAST(${name} AS VARCHAR)`;
};

/** Floating-point numbers have several texts. */
const normal = (columns: readonly Column[], rows: readonly (readonly unknown[])[]) =>
  rows.map((row) =>
    row.map((value, at) => {
      const type = columns[at]?.type;
      if (value === null || (type !== "float" && type !== "double")) return value;
      return Object.is(Number(value), -0) ? "-0" : String(Number(value));
    }),
  );
