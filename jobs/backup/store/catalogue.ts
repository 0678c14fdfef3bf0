import { z } from "zod";
import { type ObjectStore, UserError } from "../../shared";
import {
  type Manifest,
  manifestKey,
  NAME,
  partsOf,
  readManifest,
  totalBytes,
  verificationKey,
} from "./manifest";

const verification = z.object({
  checkedAt: z.iso.datetime(),
  good: z.boolean(),
  problems: z.array(z.string()),
  seconds: z.number(),
});

export type Verification = z.infer<typeof verification>;

/** One backup as the bucket shows it. */
export interface Backup {
  readonly name: string;
  readonly keys: readonly string[];
  readonly bytes: number;
  /** Absent where the backup was never finished, or its manifest cannot be understood: then it cannot be restored. */
  readonly manifest: Manifest | undefined;
  readonly verification: Verification | undefined;
  /** What is missing, in words. */
  readonly problem: string | undefined;
}

/** All backups of the bucket, the newest first; unfinished ones too. */
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
      verification: sizes.has(verificationKey(name)) ? await readVerification(store, name) : undefined,
      problem: read.problem ?? (read.manifest && missing(read.manifest, sizes)),
    });
  }
  return backups;
}

/** Whole as far as a listing can tell, and not known to be damaged. */
export const isGood = ({ manifest: found, problem, verification: checked }: Backup) =>
  found !== undefined && problem === undefined && checked?.good !== false;

/** The named backup, or the newest good one. */
export async function findBackup(
  store: ObjectStore,
  name: string | undefined,
): Promise<Backup & { manifest: Manifest }> {
  const backups = await listBackups(store);
  const found = name === undefined ? backups.find(isGood) : backups.find((backup) => backup.name === name);
  const bucket = `the bucket ${store.address.bucket}`;
  if (!found) {
    throw new UserError(
      name === undefined
        ? `${bucket} holds no good backup; make one: jobs backup create`
        : `${bucket} holds no backup ${name}; see: jobs backup list`,
    );
  }
  if (!found.manifest) {
    throw new UserError(`the backup ${found.name} cannot be used: ${found.problem}; see: jobs backup list`);
  }
  return { ...found, manifest: found.manifest };
}

export const writeVerification = (store: ObjectStore, name: string, found: Verification) =>
  store.write(verificationKey(name), `${JSON.stringify(found, undefined, 2)}\n`);

async function manifestOf(
  store: ObjectStore,
  name: string,
): Promise<{ manifest?: Manifest; problem?: string }> {
  const read = readManifest((await store.readText(manifestKey(name))) ?? "", name);
  return typeof read === "string" ? { problem: read } : { manifest: read };
}

async function readVerification(store: ObjectStore, name: string): Promise<Verification | undefined> {
  return verification.safeParse(parse(await store.readText(verificationKey(name)))).data;
}

function missing(found: Manifest, sizes: ReadonlyMap<string, number>): string | undefined {
  const lacking = found.databases.flatMap(partsOf).find(({ key, bytes }) => sizes.get(key) !== bytes);
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
