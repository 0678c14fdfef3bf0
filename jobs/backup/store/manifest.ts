import { z } from "zod";
import { sha256Of } from "../../shared";

export const NAME = /^postgres_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

const table = z.object({
  schema: z.string(),
  name: z.string(),
  /** A partitioned table itself holds no rows; its partitions are listed as separate tables. */
  rows: z.number().int().nonnegative(),
  /** The table whose hash partitioning put the rows here; in another database they may be in another partition. */
  hashedBy: z.string().optional(),
});

/** What a dump leaves out of a database, and what is needed to recreate it. */
const properties = z.object({
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /**
   * The locale of ICU or of PostgreSQL's builtin provider, where one of them compares text instead of the C library.
   */
  locale: z.object({ provider: z.enum(["icu", "builtin"]), name: z.string() }).nullable(),
  /** Settings of the database, and of single roles in it: "search_path=public". */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
  /** How many sessions may be open at once; absent where any number may, and in backups of older versions. */
  connectionLimit: z.number().int().min(0).optional(),
  /** What somebody wrote about the database. */
  comment: z.string().optional(),
  /** Granted privileges; absent where the server's defaults apply. A null grantee is PUBLIC. */
  privileges: z
    .array(z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() }))
    .optional(),
});

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One object of a backup, compressed with zstd. */
const part = z.object({ key: z.string(), bytes: z.number().int().nonnegative(), sha256 });

/** COPY's output for one table, or for a range of its pages. */
const rowsPart = part.extend({
  schema: z.string(),
  table: z.string(),
  columns: z.array(z.string()).min(1),
  format: z.enum(["binary", "text"]),
});

const artefact = z.object({
  database: z.string(),
  /**
   * A pg_dump archive of everything except rows: tables, created before the rows, and indexes and constraints, created
   * after.
   */
  definitions: part,
  /** A pg_dump archive with large objects, sequences, and the rows of all tables without parts of their own. */
  remainder: part,
  rows: z.array(rowsPart),
  /** The server's WAL position (LSN) of the snapshot. */
  lsn: z.string(),
  /** Roles that own something in the database or have been granted something. */
  roles: z.array(z.string()),
  properties,
  tables: z.array(table),
  largeObjects: z.number().int().nonnegative(),
  seconds: z.number(),
});

const manifest = z.object({
  version: z.literal(1),
  name: z.string().regex(NAME),
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  server: z.object({ version: z.string(), address: z.string(), replica: z.boolean() }),
  databases: z.array(artefact).min(1),
});

export type Manifest = z.infer<typeof manifest>;
export type Artefact = z.infer<typeof artefact>;
export type Part = z.infer<typeof part>;
export type RowsPart = z.infer<typeof rowsPart>;
export type DatabaseProperties = z.infer<typeof properties>;
export type TableRows = z.infer<typeof table>;

const stamp = (time: Date) => time.toISOString().replace(/[-:]/g, "").replace("T", "_").slice(0, 15);

export const backupName = (time: Date) => `postgres_${stamp(time)}`;

/** When the backup of this name was started. */
export function backupTime(name: string): Date {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export const partKey = (name: string, database: string, part: string) =>
  `${name}/${encodeURIComponent(database)}/${part}.zst`;
export const manifestKey = (name: string) => `${name}/manifest.json`;
export const verificationKey = (name: string) => `${name}/verification.json`;

/** The objects that a database consists of. */
export const partsOf = ({ definitions, remainder, rows }: Artefact): Part[] => [
  definitions,
  remainder,
  ...rows,
];

export const bytesOf = (artefact: Artefact) => partsOf(artefact).reduce((sum, { bytes }) => sum + bytes, 0);

export const totalBytes = ({ databases }: Pick<Manifest, "databases">) =>
  databases.reduce((sum, artefact) => sum + bytesOf(artefact), 0);

/** The stored form ends with its own SHA-256, so that any changed byte is detected. */
export function writeManifest(written: Manifest): string {
  const body = JSON.stringify(written, undefined, 2);
  return `${JSON.stringify({ ...written, sha256: sha256Of(body) }, undefined, 2)}\n`;
}

/** The manifest, or the reason as text why it is invalid. */
export function readManifest(stored: string, name: string): Manifest | string {
  let read: unknown;
  try {
    read = JSON.parse(stored);
  } catch {
    return "its manifest cannot be understood";
  }
  const parsed = manifest.safeParse(read);
  if (!parsed.success) return "its manifest cannot be understood";
  // Safe: the schema above has accepted an object.
  const { sha256: _, ...written } = read as Manifest & { sha256?: string };
  if (writeManifest(written) !== stored) return "its manifest is not what was stored: its sha256 differs";
  if (parsed.data.name !== name) return `its manifest is that of ${parsed.data.name}`;
  return parsed.data;
}
