import { z } from "zod";
import { JobError, listProblems, type ObjectStore, retry, StoreError } from "../../shared";
import {
  type Artefact,
  type Manifest,
  manifestKey,
  NAME,
  type Part,
  partsOf,
  readManifest,
  totalBytes,
  verificationKey,
} from "./manifest";
import { readSeal, SEALED, type Seal, SealedStore, sealedManifestKey } from "./sealed";

const verification = z.object({
  checkedAt: z.iso.datetime(),
  good: z.boolean(),
  problems: z.array(z.string()),
  seconds: z.number(),
});

export type Verification = z.infer<typeof verification>;

/** One backup, as found in the bucket. */
export interface Backup {
  readonly name: string;
  readonly keys: readonly string[];
  readonly bytes: number;
  /** Undefined where the backup was never finished or its manifest is unreadable: such a backup cannot be restored. */
  readonly manifest: Manifest | undefined;
  /** Of an encrypted backup: what is stored, as far as it is readable without the key. */
  readonly seal?: Seal | undefined;
  readonly verification: Verification | undefined;
  /** What is missing, as text for the user. */
  readonly problem: string | undefined;
}

/** All backups in the bucket, newest first, including unfinished ones. */
export async function listBackups(store: ObjectStore): Promise<Backup[]> {
  const objects = await store.list("postgres_");
  const names = [...new Set(objects.map(({ key }) => key.split("/")[0] ?? ""))].filter((name) =>
    NAME.test(name),
  );
  const backups: Backup[] = [];
  for (const name of names.sort().reverse()) {
    const own = objects.filter(({ key }) => key.startsWith(`${name}/`));
    const sizes = new Map(own.map(({ key, bytes }) => [key, bytes]));
    const read = sizes.has(manifestKey(name)) ? await manifestOf(store, name) : { problem: "unfinished" };
    backups.push({
      name,
      keys: [...sizes.keys()],
      bytes: read.manifest ? totalBytes(read.manifest) : own.reduce((sum, { bytes }) => sum + bytes, 0),
      manifest: read.manifest,
      seal: read.seal,
      verification: sizes.has(verificationKey(name)) ? await readVerification(store, name) : undefined,
      problem: read.problem ?? missing(storedParts(read), sizes),
    });
  }
  return backups;
}

/** Complete according to the listing, and not known to be damaged. */
export const isGood = ({ manifest: found, seal, problem, verification: checked }: Backup) =>
  (found ?? seal) !== undefined && problem === undefined && checked?.good !== false;

/** The named backup, or the newest good one. */
export async function findBackup(
  store: ObjectStore,
  name: string | undefined,
): Promise<Backup & { manifest: Manifest }> {
  const backups = await listBackups(store);
  const found = name === undefined ? backups.find(isGood) : backups.find((backup) => backup.name === name);
  const bucket = `the bucket ${store.address.bucket}`;
  if (!found) {
    throw new JobError(
      name === undefined
        ? `${bucket} holds no good backup; make one: jobs backup create`
        : `${bucket} holds no backup ${name}; see: jobs backup list`,
    );
  }
  if (!found.manifest && found.seal && !found.problem) {
    throw new JobError(
      `the backup ${found.name} is encrypted: give its key in BACKUP_S3_IDENTITY, the stack's output offsiteBackupKey`,
    );
  }
  if (!found.manifest) {
    throw new JobError(`the backup ${found.name} cannot be used: ${found.problem}; see: jobs backup list`);
  }
  return { ...found, manifest: found.manifest };
}

/** Parts of a backup that the storage does not list. */
class PartsMissing extends JobError {}

/**
 * Throws for parts of these databases that the storage does not list, before anything waits for them: reading a part
 * waits for minutes, because a server of the storage that came back may not find it yet. A listing that lacks parts is
 * asked for again for some seconds, for the same reason.
 */
export async function requireParts(
  store: ObjectStore,
  name: string,
  databases: readonly Artefact[],
  signal: AbortSignal,
): Promise<void> {
  const check = async () => {
    const listed = new Set((await store.list(`${name}/`)).map(({ key }) => key));
    const lacking = databases.flatMap((artefact) =>
      partsOf(artefact)
        .filter(({ key }) => !listed.has(key))
        .map(({ key }) => `${artefact.database}: ${key} is missing`),
    );
    if (lacking.length === 0) return;
    throw new PartsMissing(
      listProblems(`the backup ${name} lacks parts, nothing was restored:`, lacking.slice(0, 5)) +
        (lacking.length > 5 ? `\nand ${lacking.length - 5} more` : "") +
        "\nrestore another backup (jobs backup list), or a database of which no part is missing (--database)",
    );
  };
  const retryable = (error: unknown) => error instanceof PartsMissing;
  await retry(check, { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 4_000, signal, retryable });
}

export const writeVerification = (store: ObjectStore, name: string, found: Verification) =>
  store.write(verificationKey(name), `${JSON.stringify(found, undefined, 2)}\n`);

interface Found {
  readonly manifest?: Manifest;
  readonly seal?: Seal;
  readonly problem?: string;
}

async function manifestOf(store: ObjectStore, name: string): Promise<Found> {
  const stored = (await store.readText(manifestKey(name))) ?? "";
  const seal = readSeal(stored, name);
  if (typeof seal === "string") return { problem: seal };
  if (seal) return { seal, ...(await unsealed(store, seal)) };
  const read = readManifest(stored, name);
  return typeof read === "string" ? { problem: read } : { manifest: read };
}

/** The manifest of an encrypted backup, if the key is given, with the object keys of the encrypted parts. */
async function unsealed(store: ObjectStore, { name, objects }: Seal): Promise<Found> {
  if (!(store instanceof SealedStore) || !store.identity) return {};
  if (!objects.some(({ key }) => key === sealedManifestKey(name)))
    return { problem: "its manifest is missing" };
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of store.read(sealedManifestKey(name))) chunks.push(chunk);
    const read = readManifest(Buffer.concat(chunks).toString(), name);
    if (typeof read === "string") return { problem: read };
    const moved = <P extends Part>(part: P): P => ({ ...part, key: part.key + SEALED });
    return {
      manifest: {
        ...read,
        databases: read.databases.map(({ definitions, remainder, rows, ...rest }) => ({
          ...rest,
          definitions: moved(definitions),
          remainder: moved(remainder),
          rows: rows.map(moved),
        })),
      },
    };
  } catch (error) {
    if (error instanceof JobError && !(error instanceof StoreError)) return { problem: error.message };
    throw error;
  }
}

/** The objects that must be in the bucket: for an encrypted backup, the encrypted ones. */
const storedParts = ({ manifest: found, seal }: Found): readonly Part[] =>
  seal?.objects ?? found?.databases.flatMap(partsOf) ?? [];

async function readVerification(store: ObjectStore, name: string): Promise<Verification | undefined> {
  return verification.safeParse(parse(await store.readText(verificationKey(name)))).data;
}

function missing(parts: readonly Part[], sizes: ReadonlyMap<string, number>): string | undefined {
  const lacking = parts.find(({ key, bytes }) => sizes.get(key) !== bytes);
  if (!lacking) return undefined;
  const size = sizes.get(lacking.key);
  return size === undefined
    ? `${lacking.key} is missing`
    : `${lacking.key} has ${size} bytes instead of ${lacking.bytes}`;
}

function parse(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "");
  } catch {
    return undefined;
  }
}
