import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";

/**
 * MinIO's format for request bodies that contain secrets, also under TLS: a key derived from the caller's secret key,
 * then packages of AES-256-GCM, each bound to its position, with a mark on the last one. Our bodies fit into one
 * package.
 *
 *     salt (32) | kind of encryption (1) | nonce (8) | package | its tag (16)
 */
const SALT_BYTES = 32;
const NONCE_BYTES = 8;
const PACKAGE_BYTES = 16 * 1024;

/** PBKDF2 with SHA-256 and AES-GCM: of the three kinds, the only one that needs nothing beyond Node. */
const KIND = 0x02;
const ITERATIONS = 8192;
const KEY_BYTES = 32;

const LAST_PACKAGE = 0x80;

export function encryptedBody(secretKey: string, content: Buffer): Buffer {
  if (content.length > PACKAGE_BYTES) throw new Error(`${content.length} bytes do not fit into one package`);
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = pbkdf2Sync(secretKey, salt, ITERATIONS, KEY_BYTES, "sha256");
  const seal = (sequence: number, associated: Buffer, plain: Buffer): Buffer => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(sequence);
    const cipher = createCipheriv("aes-256-gcm", key, Buffer.concat([nonce, counter])).setAAD(associated);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
  // the tag of an empty message, which binds the packages to this stream
  const stream = seal(0, Buffer.alloc(0), Buffer.alloc(0));
  return Buffer.concat([
    salt,
    Buffer.of(KIND),
    nonce,
    seal(1, Buffer.concat([Buffer.of(LAST_PACKAGE), stream]), content),
  ]);
}
