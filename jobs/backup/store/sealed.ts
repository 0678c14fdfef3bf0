import { createHash } from "node:crypto";
import { z } from "zod";
import { decrypted, ObjectStore } from "../../shared";
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

/** A bucket whose encrypted objects are decrypted on read if the key is given. */
export class SealedStore extends ObjectStore {
  identity: string | undefined;

  override async *read(key: string): AsyncGenerator<Buffer, void, undefined> {
    if (!this.identity || !key.endsWith(SEALED)) return yield* super.read(key);
    yield* decrypted(super.read(key), {
      what: key,
      identity: this.identity,
      variable: "BACKUP_S3_IDENTITY",
    });
  }

  /** Reads the content as stored, without decryption. */
  readSealed(key: string): AsyncGenerator<Buffer, void, undefined> {
    return super.read(key);
  }
}
