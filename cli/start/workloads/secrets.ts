import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ANY_SECRET } from "../../pulumi-monitor";
import type { ServerIdentity } from "../services";

/** A placeholder of the plan, as written or as a URL holds it. */
const PLACEHOLDER = /(?:<|%3C)secret(?::|%3A)([^<>]*?)(?:>|%3E)/gi;

const BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----\n?/g;

/**
 * Fills in what a plan leaves out. Each placeholder becomes a secret of this machine, always the same for the same name,
 * made of letters that need no escape anywhere; certificates and keys, which a plan only has the shape of, become those
 * of this run's servers.
 */
export class LocalSecrets {
  readonly #key: Buffer;
  readonly #identity: ServerIdentity;

  constructor(key: Buffer, identity: ServerIdentity) {
    this.#key = key;
    this.#identity = identity;
  }

  /** The name of the file or variable tells what a secret is of which the plan says only that it is one. */
  fill(text: string, name: string): string {
    if (text === ANY_SECRET && /\.(crt|pem)$/.test(name)) return this.#identity.authority;
    if (text === ANY_SECRET && name.endsWith(".key")) return this.#identity.key;
    return text
      .replaceAll(BLOCK, (_, label: string) => this.#block(label))
      .replaceAll(PLACEHOLDER, (_, source: string) => this.#secret(decodeURIComponent(source)));
  }

  #secret(source: string): string {
    return createHmac("sha256", this.#key).update(source).digest("hex").slice(0, 40);
  }

  /** No job serves with a certificate of its own here, so every certificate is there to be believed. */
  #block(label: string): string {
    return label.endsWith("PRIVATE KEY") ? this.#identity.key : this.#identity.authority;
  }
}

/** The key from which this checkout's secrets are made; it is made once. */
export function secretKey(file: string): Buffer {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
  }
  return Buffer.from(readFileSync(file, "utf8"), "hex");
}
