import { gunzipSync } from "node:zlib";

/**
 * The text that replaces a secret. It names the secret's source and reveals nothing of its value. It is a single word
 * like most secrets, so validators that refuse spaces accept it.
 */
export function placeholder(source: string): string {
  return `<secret:${source.replaceAll(/\s+/g, "-")}>`;
}

/** Replaces a secret of unknown source. */
export const ANY_SECRET = placeholder("value");

/** A placeholder, plain or URL-encoded. */
const PLACEHOLDER = /(<|%3C)secret(:|%3A)[^<>]*?(>|%3E)/i;

/** At least 12 bytes: `<secret:a:b>` in base64. */
const BASE64 = /[A-Za-z0-9+/]{16,}={0,2}/g;

/**
 * Whether a text contains placeholders, plain or in base64 (with or without gzip). All secrets in a plan are
 * placeholders, so such a text reveals no secret and stays readable.
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
    return ""; // it only looked like gzip
  }
}
