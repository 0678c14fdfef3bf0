import { expect, it } from "vitest";
import { PARAMETERS } from "../../../../components/settings";
import { createDatabase, sharedPostgres } from "../../../rigs/postgres/postgres";

/** What a server of ours knows beyond one that was built without LZ4 and Zstandard. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  wal_compression: ["lz4", "zstd"],
  default_toast_compression: ["lz4"],
};

it("lists the parameters that PostgreSQL 17 has, with their kinds and bounds", async () => {
  const database = await createDatabase(sharedPostgres(), { label: "parameters" });
  try {
    const rows = await database.query<Parameter>(
      `SELECT name, vartype, unit, min_val, max_val, enumvals FROM pg_settings
       WHERE name NOT LIKE '%.%' AND context <> 'internal'`,
    );
    const known = Object.entries(PARAMETERS).map(([name, kind]) => [name, withoutLibraries(name, kind)]);
    expect(Object.fromEntries(known)).toEqual(Object.fromEntries(rows.map((row) => [row.name, kindOf(row)])));
  } finally {
    await database.drop();
  }
});

interface Parameter {
  readonly name: string;
  readonly vartype: "bool" | "string" | "enum" | "integer" | "real";
  readonly unit: string | null;
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: string[] | null;
}

function kindOf({ vartype, unit, min_val, max_val, enumvals, name }: Parameter): string {
  if (vartype === "bool") return "boolean";
  if (vartype === "string") return "text";
  if (vartype === "enum") return withoutLibraries(name, enumvals?.join("|") ?? "");
  return [vartype, min_val, max_val, ...(unit === null ? [] : [unit])].join(" ");
}

const withoutLibraries = (name: string, kind: string) =>
  kind
    .split("|")
    .filter((word) => !LIBRARIES[name]?.includes(word))
    .join("|");
