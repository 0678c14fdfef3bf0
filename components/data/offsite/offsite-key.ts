import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { bech32 } from "@scure/base";
import { identityToRecipient } from "age-encryption";

/** An age key pair: copies are encrypted for the recipient, and only the identity decrypts them. */
export interface OffsiteKey {
  /** The public key. */
  readonly recipient: pulumi.Output<string>;
  /** The private key; secret. */
  readonly identity: pulumi.Output<string>;
}

/**
 * The key pair exists with or without an off-site store. If it were removed with the setting, a returning setting would
 * create another key, and nothing could decrypt the earlier copies.
 */
export function offsiteKey(name: string, parent: pulumi.Resource, protect: boolean): OffsiteKey {
  const seed = new random.RandomPassword(name, { length: 48, special: false }, { parent, protect });
  const identity = pulumi.secret(seed.result).apply(identityOf);
  return { identity, recipient: identity.apply((given) => identityToRecipient(given)) };
}

/** An age identity is 32 random bytes. It is the digest of the whole seed, which holds 285 random bits. */
const identityOf = (seed: string) =>
  bech32.encodeFromBytes("AGE-SECRET-KEY-", createHash("sha256").update(seed).digest()).toUpperCase();
