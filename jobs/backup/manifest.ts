import { z } from "zod";

export const NAME = /^postgres_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

const table = z.object({
  schema: z.string(),
  name: z.string(),
  /** A partitioned table holds no rows itself; its partitions are listed as tables of their own. */
  rows: z.number().int().nonnegative(),
});

/** What a dump leaves out of a database, and what is needed to make it again. */
const properties = z.object({
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** The locale of ICU or of PostgreSQL's own provider, where one of them compares texts instead of the C library. */
  locale: z.object({ provider: z.enum(["icu", "builtin"]), name: z.string() }).nullable(),
  /** Settings of the database, and of single roles in it: "search_path=public". */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
  /** Who may do what; absent where the server's defaults hold. A grantee of null is everybody. */
  privileges: z
    .array(z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() }))
    .optional(),
});

const artefact = z.object({
  database: z.string(),
  key: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where in the server's log the dump's snapshot lies. */
  lsn: z.string(),
  /** Roles that own something in the database or were granted something. */
  roles: z.array(z.string()),
  properties,
  tables: z.array(table),
  largeObjects: z.number().int().nonnegative(),
  seconds: z.number(),
});

export const manifest = z.object({
  version: z.literal(1),
  name: z.string().regex(NAME),
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  server: z.object({ version: z.string(), address: z.string(), replica: z.boolean() }),
  compression: z.literal("zstd"),
  databases: z.array(artefact).min(1),
});

export type Manifest = z.infer<typeof manifest>;
export type Artefact = z.infer<typeof artefact>;
export type DatabaseProperties = z.infer<typeof properties>;
export type TableRows = z.infer<typeof table>;

const stamp = (time: Date) => time.toISOString().replace(/[-:]/g, "").replace("T", "_").slice(0, 15);

export const backupName = (time: Date) => `postgres_${stamp(time)}`;

/** When a backup of this name was begun. */
export function backupTime(name: string): Date {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export const artefactKey = (name: string, database: string) =>
  `${name}/${encodeURIComponent(database)}.dump.zst`;
export const manifestKey = (name: string) => `${name}/manifest.json`;
export const verificationKey = (name: string) => `${name}/verification.json`;

export const totalBytes = ({ databases }: Pick<Manifest, "databases">) =>
  databases.reduce((sum, { bytes }) => sum + bytes, 0);
