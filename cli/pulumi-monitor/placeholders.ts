import { gunzipSync } from "node:zlib";

/**
 * What is written where a secret would be: it names where the secret comes from, and nothing of what it is. One word,
 * as most secrets are, so that what refuses spaces in a token takes it.
 */
export function placeholder(source: string): string {
  return `<secret:${source.replaceAll(/\s+/g, "-")}>`;
}

/** In place of a secret about which nothing is known but that it is one. */
export const ANY_SECRET = placeholder("value");

/** As written, and as `encodeURIComponent` or a URL leaves it. */
const PLACEHOLDER = /(<|%3C)secret(:|%3A)[^<>]*?(>|%3E)/i;

/** At least a dozen bytes: `<secret:a:b>` in base64. */
const BASE64 = /[A-Za-z0-9+/]{16,}={0,2}/g;

/**
 * Whether a text is made of placeholders, plain or inside base64 (with or without gzip). As every secret that a plan
 * hands out is a placeholder, such a text shows no secret and can be read as it is.
 */
export function showsPlaceholder(text: string): boolean {
  if (PLACEHOLDER.test(text)) return true;
  return (text.match(BASE64) ?? []).some((run) => showsPlaceholder(decodeBase64(run)));
}

function decodeBase64(run: string): string {
  const bytes = Buffer.from(run, "base64");
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("latin1");
  try {
    return gunzipSync(bytes).toString("utf8");
  } catch {
    return ""; // it only began like gzip
  }
}
