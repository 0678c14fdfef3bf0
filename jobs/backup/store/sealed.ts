import { createHash } from "node:crypto";
import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { z } from "zod";
import { ObjectStore, UserError } from "../../shared";
import { NAME } from "./manifest";

/**
 * Backups outside of the cluster are encrypted with age for a public key. Neither the owner of the bucket, nor a thief
 * of its keys, nor the pod that copies can read a row. A seal replaces the manifest: it holds the names, sizes and
 * digests of the stored objects, which list, verify and prune need without the key. The manifest itself is encrypted.
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

/** The stored form ends with its own SHA-256. */
export const writeSeal = (written: Seal) =>
  `${JSON.stringify({ ...written, sha256: sumOf(written) }, undefined, 2)}\n`;

/** The seal; undefined where something else is stored; text where the seal is invalid. */
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

/** Encrypts a stream as it arrives. */
export async function* encrypted(
  source: AsyncIterable<Uint8Array>,
  recipient: string,
): AsyncGenerator<Buffer> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  yield* buffers(await encrypter.encrypt(ReadableStream.from(source) as BytesStream));
}

/** The stream type of the age library, which uses the DOM's name for the same class in Node. */
type BytesStream = Parameters<Decrypter["decrypt"]>[0] & ReadableStream<Uint8Array>;

async function* buffers(stream: unknown): AsyncGenerator<Buffer> {
  // Safe: in Node, every web stream is this class, which is async iterable.
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

/** The content was encrypted for another key. */
export class OtherKey extends UserError {}

/** A bucket whose encrypted objects are decrypted on read if the key is given. */
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
      if (failure) throw failure; // an error of the bucket itself
      if (error instanceof Error && error.message.startsWith("no identity matched")) {
        throw new OtherKey(
          `${key} is encrypted for another key than the one that is given (BACKUP_S3_IDENTITY), or its header was changed`,
        );
      }
      throw new UserError(`${key} is damaged: it was changed or cut after it was encrypted`);
    }
  }

  /** Reads the content as stored, without decryption. */
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
