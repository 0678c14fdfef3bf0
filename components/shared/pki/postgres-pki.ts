import * as pulumi from "@pulumi/pulumi";
import { Authority } from "./authority";
import type { KeyPair } from "./key-pair";
import { LIFETIMES } from "./lifetimes";

/** Where clients and members reach PostgreSQL; its certificate names all of it. */
export interface PostgresHosts {
  /** The DNS names by which clients and members reach PostgreSQL. Clients that verify the name refuse all others. */
  readonly names: readonly string[];
  /** The IP addresses by which clients outside of the cluster reach PostgreSQL through HAProxy. */
  readonly addresses: readonly pulumi.Input<string>[];
}

export interface PostgresPkiArgs extends PostgresHosts {
  /** The cluster's name. The CA's common name contains it. */
  readonly cluster: string;
  /** Increment to issue the certificates again. The CA stays. */
  readonly epoch: number;
  /** Whether the engine refuses to delete or replace the CA. @default false */
  readonly protection?: boolean | undefined;
}

/** Creates PostgreSQL's CA and the certificates for its members and for base backups. */
export class PostgresPki extends pulumi.ComponentResource {
  /** The CA certificate. Clients verify PostgreSQL with it, HAProxy verifies Patroni's REST API. It is not a secret. */
  public readonly authority: pulumi.Output<string>;
  /** The certificate that every member presents to clients and to other members. */
  public readonly server: pulumi.Output<KeyPair>;
  /** The client certificate for base backups. The members' pgBackRest servers allow it to read the data. */
  public readonly backup: pulumi.Output<KeyPair>;

  constructor(
    name: string,
    { cluster, names, addresses, epoch, protection }: PostgresPkiArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("trellis:cluster:PostgresPki", name, {}, opts);
    const authority = new Authority(
      `${name}-ca`,
      { commonName: `${cluster}-postgres-ca`, lifetime: LIFETIMES.authority, protection },
      { parent: this },
    );
    this.authority = authority.certificate;
    this.server = authority.issue("server", {
      subject: { commonName: "postgres" },
      uses: ["server_auth", "client_auth"],
      dnsNames: names,
      addresses,
      lifetime: LIFETIMES.workload,
      epoch,
    });
    this.backup = authority.issue("backup", {
      subject: { commonName: "pgbackrest" },
      uses: ["client_auth"],
      lifetime: LIFETIMES.workload,
      epoch,
    });
    this.registerOutputs({});
  }
}
