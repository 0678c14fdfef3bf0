import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** What K3s' nodes must know of each other, beside certificates. */
export interface K3sSecrets {
  readonly serverToken: string;
  readonly agentToken: string;
  /** Part of what servers share, since the days of K3s' IPsec tunnels. */
  readonly tunnelKey: string;
  /** 32 bytes in base64. */
  readonly secretsEncryptionKey: string;
}

/**
 * Made once for a cluster's life: the server token encrypts what servers share through etcd, and the encryption key is
 * rotated by K3s itself.
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
