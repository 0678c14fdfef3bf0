import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";

const TYPE = "ssh-ed25519";

/** An Ed25519 key as OpenSSH writes it (PROTOCOL.key), which Node cannot. */
export function opensshKeyPair(key: KeyObject) {
  const part = (from: KeyObject, name: "x" | "d") =>
    Buffer.from(from.export({ format: "jwk" })[name] ?? "", "base64url");
  const point = part(createPublicKey(key), "x");
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  const check = randomBytes(4);
  const section = Buffer.concat([
    ...[check, check, publicBlob, field(Buffer.concat([part(key, "d"), point]))],
    field(""), // the comment
  ]);
  const padding = Buffer.from(
    Array.from({ length: (8 - (section.length % 8)) % 8 }, (_, index) => index + 1),
  );
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), Buffer.from([0, 0, 0, 1])], // no cipher, one key
    ...[field(publicBlob), field(Buffer.concat([section, padding]))],
  ]);
  return {
    publicKeyOpenssh: `${TYPE} ${publicBlob.toString("base64")}\n`,
    privateKeyOpenssh: pem("OPENSSH PRIVATE KEY", whole),
  };
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
