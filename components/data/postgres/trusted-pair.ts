import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../shared/pki";

/** A certificate with its key, and the CA certificate (PEM) that others verify it with. */
export interface TrustedPair {
  /** CA certificate (PEM) that signed the pair. */
  readonly authority: pulumi.Input<string>;
  /** The certificate and its private key. */
  readonly pair: pulumi.Output<KeyPair>;
}
