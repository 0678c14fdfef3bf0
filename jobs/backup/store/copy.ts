import { type Context, type ObjectStore, UserError } from "../../shared";
import { secondsSince } from "../dumps";
import { type Backup, findBackup, isGood, listBackups, writeVerification } from "./catalogue";
import { Digest } from "./digest";
import { bytesOf, type Manifest, manifestKey, type Part, partsOf, totalBytes } from "./manifest";

interface CopyArgs {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  /** The newest good one where none is named. */
  readonly name: string | undefined;
}

interface Copied {
  readonly backup: string;
  readonly bytes: number;
  /** False where it was there already. */
  readonly copied: boolean;
}

/**
 * Brings a backup to another bucket. Each part is checked on its way and read back from where it went; the manifest comes
 * last, so that what was not copied whole is no backup there either.
 */
export async function copy({ from, to, name }: CopyArgs, context: Context): Promise<Copied> {
  const began = Date.now();
  const backup = await findBackup(from, name);
  if (!isGood(backup)) throw new UserError(`the backup ${backup.name} is damaged and is not copied`);
  const answer = { backup: backup.name, bytes: totalBytes(backup.manifest) };
  if (await isThere(to, backup)) return { ...answer, copied: false };

  for (const artefact of backup.manifest.databases) {
    const { database } = artefact;
    const shown = context.progress(`copying ${database}`, "bytes", 2 * bytesOf(artefact));
    try {
      for (const part of partsOf(artefact)) await copyPart(from, to, part, context.signal, shown.advance);
    } finally {
      shown.done();
    }
    context.log.info({ database, bytes: bytesOf(artefact) }, `${database} is copied`);
  }
  const manifest = await from.readText(manifestKey(backup.name));
  if (manifest === undefined)
    throw new UserError(`the backup ${backup.name} was removed while it was copied`);
  context.signal.throwIfAborted();
  await to.write(manifestKey(backup.name), manifest);
  await writeVerification(to, backup.name, {
    checkedAt: new Date().toISOString(),
    good: true,
    problems: [],
    seconds: secondsSince(began),
  });
  return { ...answer, copied: true };
}

async function isThere(to: ObjectStore, { name }: Backup & { manifest: Manifest }): Promise<boolean> {
  return (await listBackups(to)).some((there) => there.name === name && isGood(there));
}

async function copyPart(
  from: ObjectStore,
  to: ObjectStore,
  part: Part,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const read = new Digest();
  await to.upload(part.key, checked(read, from, part, onBytes));
  const stored = new Digest();
  for await (const chunk of stored.of(to.read(part.key))) {
    signal.throwIfAborted();
    onBytes(chunk.length);
  }
  requireSame(stored, part, to);
}

/** Ends with an error where the bytes are not those of the manifest, so that nothing appears in the other bucket. */
async function* checked(
  digest: Digest,
  from: ObjectStore,
  part: Part,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  yield* digest.of(from.read(part.key), onChunk);
  requireSame(digest, part, from);
}

function requireSame(digest: Digest, { key, bytes, sha256 }: Part, { address }: ObjectStore): void {
  if (digest.bytes === bytes && digest.sha256() === sha256) return;
  throw new UserError(`${key} in the bucket ${address.bucket} at ${address.endpoint} is not what was stored`);
}
