import { createHash } from "node:crypto";

/** The beginning of a text's SHA-256, in hexadecimal: changes a name or an annotation when the text changes. */
export function digest(text: string, length: 12 | 16 = 16): string {
  return sha256(text).slice(0, length);
}

/** A text's SHA-256, in hexadecimal. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
