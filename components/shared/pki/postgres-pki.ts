import * as pulumi from "@pulumi/pulumi";
import { Authority } from "./authority";
import type { KeyPair } from "./key-pair";
import { LIFETIMES } from "./lifetimes";

export interface PostgresPkiArgs {
  /** What the cluster is called; part of the authority's name. */
  readonly cluster: string;
  /** The names by which clients and members reach PostgreSQL. */
  readonly names: readonly string[];
  /** The addresses of the servers before it. */
  readonly addresses: readonly pulumi.Input<string>[];
  /** Raised, the certificates are made anew, and not their authority. */
  readonly epoch: number;
  /** Whether the engine refuses to delete or replace the authority. @default false */
  readonly protection?: boolean | undefined;
}

/** The certificates of PostgreSQL and their authority. */
export class PostgresPki extends pulumi.ComponentResource {
  /** The authority by which clients know PostgreSQL, and HAProxy Patroni's REST API; no secret. */
  public readonly authority: pulumi.Output<string>;
  /** What every member shows, to clients and to other members. */
  public readonly server: pulumi.Output<KeyPair>;
  /** Whom the members' pgBackRest servers let read the data, for base backups. */
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
