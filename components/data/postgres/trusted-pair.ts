import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../shared/pki";

/** A certificate with its key, and the CA certificate (PEM) that others verify it with. */
export interface TrustedPair {
  readonly authority: pulumi.Input<string>;
  readonly pair: pulumi.Output<KeyPair>;
}
