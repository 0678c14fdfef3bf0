import type { Snapshot } from "../../backup";
import { type Database, quoteIdentifier, quoteLiteral } from "../../shared";

/** Rows and digest of each table, and the value of each sequence, by name. */
export type Fingerprint = ReadonlyMap<string, string>;

/**
 * What a database contains, independent of the order of rows and of the server's version. The digest adds 64 bits of the
 * MD5 of each row's text; sessions of jobs fix the settings that text depends on.
 */
export async function fingerprintOf(
  database: Database,
  { tables, largeObjects }: Pick<Snapshot, "tables" | "largeObjects">,
): Promise<Fingerprint> {
  const sums = new Map<string, { rows: bigint; digest: bigint }>();
  for (const { schema, name, columns, hashedBy } of tables) {
    const from = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
    // By name: a table that was altered has its columns in another order after a dump.
    const row = columns.length > 0 ? `ROW(${[...columns].map(quoteIdentifier).join(", ")})` : "ROW()";
    const { rows } = await database.query<{ rows: string; digest: string }>(
      `SELECT count(*) AS rows, coalesce(sum(('x' || left(md5(${row}::text), 16))::bit(64)::bigint), 0) AS digest
       FROM ONLY ${from}`,
    );
    // A row may be in another hash partition in another database.
    const key = `table ${hashedBy ?? `${schema}.${name}`}`;
    const before = sums.get(key) ?? { rows: 0n, digest: 0n };
    sums.set(key, {
      rows: before.rows + BigInt(rows[0]?.rows ?? 0),
      digest: before.digest + BigInt(rows[0]?.digest ?? 0),
    });
  }
  const { rows: sequences } = await database.query<{ name: string; value: string }>(SEQUENCES);
  return new Map([
    ...[...sums].map(([key, { rows, digest }]) => [key, `${rows} rows, digest ${digest}`] as const),
    ...sequences.map(({ name, value }) => [`sequence ${name}`, value] as const),
    ["large objects", String(largeObjects)] as const,
  ]);
}

const SEQUENCES = `
  SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value::text, 'not used') AS value
  FROM pg_sequences WHERE schemaname !~ ${quoteLiteral("^pg_")} ORDER BY 1`;

/** One sentence for each difference. */
export function differences(expected: Fingerprint, found: Fingerprint): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((key) => expected.get(key) !== found.get(key))
    .map(
      (key) =>
        `${key}: ${expected.get(key) ?? "not there"} in the source, ${found.get(key) ?? "not there"} here`,
    );
}
