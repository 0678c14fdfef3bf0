import { UserError } from "../../components/shared/user-error";

const MAGIC = Buffer.from("openssh-key-v1\0");

/** The public half of a private key in OpenSSH's form (PROTOCOL.key), which holds it in clear before all that is private. */
export function publicHalf(privateKey: string): string {
  const bytes = Buffer.from(privateKey.replace(/-----[^-]+-----/g, ""), "base64");
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new UserError("the output snapshotKey is not an OpenSSH private key; give --recipient KEY");
  const fieldAt = (at: number) => bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
  let at = MAGIC.length;
  for (const _ of ["cipher", "kdf", "its options"]) at += 4 + fieldAt(at).length;
  at += 4; // how many keys there are
  const key = fieldAt(at);
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString();
  return `${type} ${key.toString("base64")}`;
}
