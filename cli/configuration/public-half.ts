import { UserError } from "../../components/shared/user-error";

const MAGIC = Buffer.from("openssh-key-v1\0");

/**
 * Extracts the public key of a private key in OpenSSH's format (PROTOCOL.key), which contains it unencrypted before the
 * private part.
 */
export function publicHalf(privateKey: string): string {
  const bytes = Buffer.from(privateKey.replace(/-----[^-]+-----/g, ""), "base64");
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new UserError("the output snapshotKey is not an OpenSSH private key; give --recipient KEY");
  const fieldAt = (at: number) => bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
  let at = MAGIC.length;
  for (const _ of ["cipher", "kdf", "its options"]) at += 4 + fieldAt(at).length;
  at += 4; // the number of keys
  const key = fieldAt(at);
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString();
  return `${type} ${key.toString("base64")}`;
}
