import { createHash } from "node:crypto";
import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { z } from "zod";
import { ObjectStore, UserError } from "../../shared";
import { NAME } from "./manifest";

/**
 * Backups off the cluster are encrypted by age for a public key, so that whoever owns the bucket, or has stolen its keys,
 * reads no row, and neither does the pod that copies. What they must know without the key, to list, check and prune, is in
 * a seal in the place of the manifest: the names, sizes and sums of what is stored. The manifest itself is encrypted.
 */
export const SEALED = ".age";

export const sealedManifestKey = (name: string) => `${name}/manifest.json${SEALED}`;

const object = z.strictObject({
  key: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const seal = z.strictObject({
  version: z.literal(2),
  name: z.string().regex(NAME),
  encryption: z.literal("age"),
  objects: z.array(object).min(1),
  sha256: z.string(),
});

export type SealedObject = z.infer<typeof object>;
export type Seal = Omit<z.infer<typeof seal>, "sha256">;

/** As it is stored: closed by its own sum. */
export const writeSeal = (written: Seal) =>
  `${JSON.stringify({ ...written, sha256: sumOf(written) }, undefined, 2)}\n`;

/** The seal; undefined where something else is stored, and in words what is wrong with one. */
export function readSeal(stored: string, name: string): Seal | string | undefined {
  let read: unknown;
  try {
    read = JSON.parse(stored);
  } catch {
    return undefined;
  }
  if (!z.object({ version: z.literal(2) }).safeParse(read).success) return undefined;
  const parsed = seal.safeParse(read);
  if (!parsed.success) return "its manifest cannot be understood";
  const { sha256, ...written } = parsed.data;
  if (sumOf(written) !== sha256) return "its manifest is not what was stored: its sha256 differs";
  return written.name === name ? written : `its manifest is that of ${written.name}`;
}

const sumOf = ({ version, name, encryption, objects }: Seal) =>
  createHash("sha256")
    .update(JSON.stringify([version, name, encryption, objects]))
    .digest("hex");

/** Encrypts as it comes. */
export async function* encrypted(
  source: AsyncIterable<Uint8Array>,
  recipient: string,
): AsyncGenerator<Buffer> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  yield* buffers(await encrypter.encrypt(ReadableStream.from(source) as BytesStream));
}

/** What the library takes and answers: the DOM's name of the very class of Node. */
type BytesStream = Parameters<Decrypter["decrypt"]>[0] & ReadableStream<Uint8Array>;

async function* buffers(stream: unknown): AsyncGenerator<Buffer> {
  // Safe: in Node, each stream of the web's kind is this class, which can be iterated.
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

/** The content was encrypted for another key. */
export class OtherKey extends UserError {}

/** A bucket, of which what is encrypted is read in clear where the key is given. */
export class SealedStore extends ObjectStore {
  identity: string | undefined;

  override async *read(key: string): AsyncGenerator<Buffer, void, undefined> {
    if (!this.identity || !key.endsWith(SEALED)) return yield* super.read(key);
    const decrypter = new Decrypter();
    decrypter.addIdentity(this.identity);
    let failure: unknown;
    const stored = watched(super.read(key), (error) => {
      failure = error;
    });
    try {
      yield* buffers(await decrypter.decrypt(ReadableStream.from(stored) as BytesStream));
    } catch (error) {
      if (failure) throw failure; // the bucket's own
      if (error instanceof Error && error.message.startsWith("no identity matched")) {
        throw new OtherKey(
          `${key} is encrypted for another key than the one that is given (BACKUP_S3_IDENTITY), or its header was changed`,
        );
      }
      throw new UserError(`${key} is damaged: it was changed or cut after it was encrypted`);
    }
  }

  /** The content as it is stored. */
  readSealed(key: string): AsyncGenerator<Buffer, void, undefined> {
    return super.read(key);
  }
}

async function* watched(
  source: AsyncIterable<Buffer>,
  onError: (error: unknown) => void,
): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    onError(error);
    throw error;
  }
}
