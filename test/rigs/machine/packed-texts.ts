import fc from "fast-check";
import type { TarEntry } from "../../../components/shared/tar";

const line = fc.tuple(fc.integer({ min: 0, max: 33 }), fc.constantFrom("", "a", "ä'\"\\$`", "- b: c"));
const pem = fc
  .tuple(fc.constantFrom("CERTIFICATE", "EC PRIVATE KEY"), fc.uint8Array({ minLength: 1, maxLength: 200 }))
  .map(([label, der]) => {
    const body = Buffer.from(der)
      .toString("base64")
      .replace(/.{1,64}/g, "$&\n");
    return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
  });
const almostPem = fc.constant("-----BEGIN CERTIFICATE-----\nAAA\nBBBB\n-----END CERTIFICATE-----\n");
const text = fc
  .array(
    fc.oneof(
      line.map(([depth, words]) => `${" ".repeat(depth)}${words}\n`),
      pem,
      almostPem,
    ),
    { maxLength: 9 },
  )
  .map((pieces) => pieces.join(""));

/** Texts of files: lines of any depth, certificates and keys, and what only looks like one. */
export const ANY_TEXTS = fc.array(text, { minLength: 1, maxLength: 5 });

export const packedFiles = (texts: readonly string[]): TarEntry[] =>
  texts.map((content, index) => ({ path: `/files/${index}`, mode: "0640", owner: "root:root", content }));
