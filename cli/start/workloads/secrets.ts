import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ANY_SECRET } from "../../shared/placeholders";
import type { ServerIdentity } from "../services";

/** A placeholder in a plan, plain or URL-encoded. */
const PLACEHOLDER = /(?:<|%3C)secret(?::|%3A)([^<>]*?)(?:>|%3E)/gi;

const BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----\n?/g;

/**
 * Replaces the placeholders of a plan. Each becomes a local secret that is always the same for the same name and has
 * only letters that need no escaping. Certificates and keys become those of this run's servers.
 */
export class LocalSecrets {
  readonly #key: Buffer;
  readonly #identity: ServerIdentity;

  constructor(key: Buffer, identity: ServerIdentity) {
    this.#key = key;
    this.#identity = identity;
  }

  /** Where the plan reveals nothing about a secret, the name of its file or variable decides what it becomes. */
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

  /** No job serves its own certificate here, so every certificate is a CA certificate. */
  #block(label: string): string {
    return label.endsWith("PRIVATE KEY") ? this.#identity.key : this.#identity.authority;
  }
}

/** The key that this checkout's secrets derive from; created once. */
export function secretKey(file: string): Buffer {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
  }
  return Buffer.from(readFileSync(file, "utf8"), "hex");
}
