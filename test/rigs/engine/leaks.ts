import type { Cloud } from "./stand-ins/cloud";
import { plain } from "./stand-ins/wire";

const PASSWORDS: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomPassword:RandomPassword": ["result"],
  "random:index/randomBytes:RandomBytes": ["base64", "hex"],
};
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "tls:index/privateKey:PrivateKey": ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
};

/** The passwords and private keys that stand-ins have made: whatever else is secret is made of these. */
export function madeSecrets(random: Cloud, tls: Cloud): string[] {
  const outputsOf = (cloud: Cloud, table: typeof KEYS) =>
    cloud
      .all()
      .flatMap(({ type, outputs }) =>
        (table[type] ?? []).flatMap((output) => plain(outputs[output]) ?? []).map(String),
      );
  return [...outputsOf(random, PASSWORDS), ...outputsOf(tls, KEYS)];
}

/** Those of the secrets that a text gives away: as they are or in base64. */
export function givenAway(secrets: readonly string[], text: string): string[] {
  return secrets.filter((secret) => forms(visiblePart(secret)).some((form) => text.includes(form)));
}

/**
 * A key in PEM shows itself by the first line of its body, wherever it is embedded and however it is indented. The last
 * ones hold the public key, and so stand in certificates too.
 */
function visiblePart(secret: string): string {
  const [header = "", first = ""] = secret.split("\n");
  return header.startsWith("-----BEGIN") ? first : secret;
}

/** As text inside JSON, and in base64, where it looks different at each of three positions within the whole. */
function forms(piece: string): string[] {
  const encoded = [0, 1, 2].map((position) => {
    const base64 = Buffer.concat([Buffer.alloc(position), Buffer.from(piece)]).toString("base64");
    // The first and last characters also depend on what stands before and after.
    return base64.slice(position === 0 ? 0 : 4, -4);
  });
  return [JSON.stringify(piece).slice(1, -1), ...encoded.filter((form) => form.length >= 12)];
}
