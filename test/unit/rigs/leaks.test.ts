import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { givenAway } from "../../rigs/engine";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = privateKey.export({ type: "sec1", format: "pem" }).toString();
const password = 'p"ss\\word-of-20-chars';

const hidings: Readonly<Record<string, (secret: string) => string>> = {
  "as it is in JSON": (secret) => JSON.stringify({ state: secret }),
  "indented in a document": (secret) => JSON.stringify(`write_files:\n${secret.replaceAll(/^/gm, "      ")}`),
  "in base64, at the beginning": (secret) => Buffer.from(`${secret} and more`).toString("base64"),
  "in base64, one byte later": (secret) => Buffer.from(`x${secret} and more`).toString("base64"),
  "in base64, two bytes later": (secret) => Buffer.from(`xy${secret} and more`).toString("base64"),
};

for (const [where, hide] of Object.entries(hidings)) {
  it(`finds a key and a password ${where}`, () => {
    for (const secret of [key, password]) expect(givenAway([secret], hide(secret))).toEqual([secret]);
  });
}

it("does not take a public key or another password for a leak", () => {
  const text = JSON.stringify([
    publicKey.export({ type: "spki", format: "pem" }),
    "another password of 20 chars",
  ]);
  expect(givenAway([key, password], text)).toEqual([]);
});
