import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { bech32 } from "@scure/base";
import { identityToRecipient } from "age-encryption";

/** A key pair of age: copies are encrypted for the recipient and read by the identity alone. */
export interface OffsiteKey {
  readonly recipient: pulumi.Output<string>;
  readonly identity: pulumi.Output<string>;
}

/**
 * It exists whether or not there is storage off the cluster: were it dropped with the setting, another one would be made
 * when the setting comes back, and nothing could read the copies of before.
 */
export function offsiteKey(name: string, parent: pulumi.Resource): OffsiteKey {
  const seed = new random.RandomPassword(name, { length: 48, special: false }, { parent });
  const identity = pulumi.secret(seed.result).apply(identityOf);
  return { identity, recipient: identity.apply((given) => identityToRecipient(given)) };
}

/** An identity of age is 32 random bytes; the digest takes the whole of a seed that holds 285 random bits. */
export const identityOf = (seed: string) =>
  bech32.encodeFromBytes("AGE-SECRET-KEY-", createHash("sha256").update(seed).digest()).toUpperCase();
