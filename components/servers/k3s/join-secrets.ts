import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** The secrets that K3s' nodes share, besides certificates. */
export interface K3sSecrets {
  /** Servers join with it. It also encrypts what servers share through etcd. */
  readonly serverToken: string;
  /** Agents join with it. */
  readonly agentToken: string;
  /** Content of `ipsec.psk`, a leftover of K3s' IPsec tunnels that servers still share. */
  readonly tunnelKey: string;
  /** The first key with which the API server encrypts Secrets in etcd: 32 bytes in base64. */
  readonly secretsEncryptionKey: string;
}

/**
 * Creates the tokens and keys that K3s' nodes share, once for the life of a cluster. They have no epoch: the server
 * token encrypts what servers share through etcd, and K3s itself rotates the encryption key.
 */
export class JoinSecrets extends pulumi.ComponentResource {
  public readonly secrets: pulumi.Output<K3sSecrets>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:cluster:JoinSecrets", name, {}, opts);
    const password = (purpose: string) =>
      new random.RandomPassword(`${name}-${purpose}`, { length: 48, special: false }, { parent: this });
    const bytes = (purpose: string, length: number) =>
      new random.RandomBytes(`${name}-${purpose}`, { length }, { parent: this });
    this.secrets = pulumi.secret({
      serverToken: password("server-token").result,
      agentToken: password("agent-token").result,
      tunnelKey: bytes("tunnel-key", 48).hex,
      secretsEncryptionKey: bytes("secrets-encryption-key", 32).base64,
    });
    this.registerOutputs({});
  }
}
