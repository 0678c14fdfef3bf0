import { type Context, encrypted, JobError, type ObjectStore } from "../../shared";
import { secondsSince } from "../elapsed";
import { type Backup, findBackup, isGood, listBackups, writeVerification } from "./catalogue";
import { Digest } from "./digest";
import {
  bytesOf,
  type Manifest,
  manifestKey,
  type Part,
  partsOf,
  totalBytes,
  verificationKey,
} from "./manifest";
import { SEALED, type SealedObject, type SealedStore, writeSeal } from "./sealed";

interface CopyArgs {
  readonly from: ObjectStore;
  readonly to: SealedStore;
  /** The public key (age) that the copy is encrypted for. */
  readonly recipient: string;
  /** Undefined: the newest good backup. */
  readonly name: string | undefined;
}

interface Copied {
  readonly backup: string;
  readonly bytes: number;
  /** False where the copy already existed. */
  readonly copied: boolean;
}

/**
 * Copies a backup to another bucket, encrypted. Each part is checked on the way and read back, as stored, from the
 * target. The seal is written last, so that an incomplete copy does not count as a backup. An unencrypted copy from an
 * earlier release is replaced.
 */
export async function copy({ from, to, recipient, name }: CopyArgs, context: Context): Promise<Copied> {
  const began = Date.now();
  const backup = await findBackup(from, name);
  if (!isGood(backup)) throw new JobError(`the backup ${backup.name} is damaged and is not copied`);
  const answer = { backup: backup.name, bytes: totalBytes(backup.manifest) };
  if (await isThere(to, backup)) return { ...answer, copied: false };

  const objects: SealedObject[] = [];
  const store = async (key: string, content: AsyncIterable<Buffer>, onBytes: (bytes: number) => void) =>
    objects.push(await storeSealed(to, key + SEALED, encrypted(content, recipient), context.signal, onBytes));
  for (const artefact of backup.manifest.databases) {
    const { database } = artefact;
    const shown = context.progress(`copying ${database}`, "bytes", 2 * bytesOf(artefact));
    try {
      for (const part of partsOf(artefact)) {
        await store(part.key, checked(from, part, shown.advance), shown.advance);
      }
    } finally {
      shown.done();
    }
    context.log.info({ database, bytes: bytesOf(artefact) }, `${database} is copied`);
  }
  const manifest = await from.readText(manifestKey(backup.name));
  if (manifest === undefined) throw new JobError(`the backup ${backup.name} was removed while it was copied`);
  await store(manifestKey(backup.name), once(manifest), () => undefined);
  context.signal.throwIfAborted();
  await to.write(
    manifestKey(backup.name),
    writeSeal({ version: 2, name: backup.name, encryption: "age", objects }),
  );
  await removeInClear(to, backup.name, objects);
  await writeVerification(to, backup.name, {
    checkedAt: new Date().toISOString(),
    good: true,
    problems: [],
    seconds: secondsSince(began),
  });
  return { ...answer, copied: true };
}

async function isThere(to: ObjectStore, { name }: Backup & { manifest: Manifest }): Promise<boolean> {
  return (await listBackups(to)).some((there) => there.name === name && there.seal && isGood(there));
}

async function removeInClear(to: ObjectStore, name: string, objects: readonly SealedObject[]): Promise<void> {
  const kept = new Set([manifestKey(name), verificationKey(name), ...objects.map(({ key }) => key)]);
  for (const { key } of await to.list(`${name}/`)) if (!kept.has(key)) await to.remove(key);
}

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

async function storeSealed(
  to: SealedStore,
  key: string,
  content: AsyncIterable<Buffer>,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<SealedObject> {
  const sent = new Digest();
  await to.upload(key, sent.of(content));
  const object = { key, bytes: sent.bytes, sha256: sent.sha256() };
  const stored = new Digest();
  for await (const chunk of stored.of(to.readSealed(key))) {
    signal.throwIfAborted();
    onBytes(chunk.length);
  }
  requireSame(stored, object, to);
  return object;
}

/** Throws where the bytes differ from the manifest, so that the object does not appear in the other bucket. */
async function* checked(
  from: ObjectStore,
  part: Part,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const digest = new Digest();
  yield* digest.of(from.read(part.key), onChunk);
  requireSame(digest, part, from);
}

function requireSame(digest: Digest, { key, bytes, sha256 }: Part, { address }: ObjectStore): void {
  if (digest.bytes === bytes && digest.sha256() === sha256) return;
  throw new JobError(`${key} in the bucket ${address.bucket} at ${address.endpoint} is not what was stored`);
}
