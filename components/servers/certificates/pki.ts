import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Authority, type KeyPair, LIFETIMES, PostgresPki, type PostgresPkiArgs } from "../../shared/pki";
import { K3S_USER, PATRONI_USER, PEER_COMMON_NAME, ROOT_USER } from "../etcd";

/** A server whose etcd member gets certificates. */
export interface EtcdHost {
  readonly name: string;
  /** The address at which the cluster reaches it: private in a private network, public in a mesh. */
  readonly address: pulumi.Input<string>;
}

export interface PkiArgs {
  /** What the cluster is called; part of the authorities' names, so that nobody takes one cluster's for another's. */
  readonly cluster: string;
  /** The servers with an etcd member. */
  readonly etcdHosts: readonly EtcdHost[];
  readonly postgres: Pick<PostgresPkiArgs, "addresses" | "names">;
  /** The settings' epoch of certificates: raised, all leaves are made anew, and no authority. */
  readonly epoch: number;
  /** Whether the engine refuses to delete or replace the authorities and the key of service accounts. @default false */
  readonly protection?: boolean | undefined;
}

/** The certificates of one etcd member. */
export interface EtcdMemberCertificates {
  /** Shown to clients. */
  readonly server: KeyPair;
  /** Shown to other members, by both sides. */
  readonly peer: KeyPair;
}

/** What K3s finds below its `server/tls` before its first start, the same on every server, instead of making its own. */
export interface K3sAuthorities {
  readonly server: KeyPair;
  readonly client: KeyPair;
  readonly requestHeader: KeyPair;
  /** For an etcd that K3s would run itself. Ours is external, so nothing trusts it, but K3s wants it to exist. */
  readonly embeddedEtcd: KeyPair;
  /** Signs the tokens of service accounts. */
  readonly serviceAccountKey: string;
}

/** etcd knows a user by the common name of its certificate. */
export type EtcdUser = typeof ROOT_USER | typeof K3S_USER;

/** The group of the administrator's certificate. A binding in the cluster gives it its rights, and can take them. */
export const ADMINISTRATORS = "trellis:administrators";

/** Every authority and certificate of the cluster, made before any server boots. All of it is secret. */
export class Pki extends pulumi.ComponentResource {
  public readonly k3s: pulumi.Output<K3sAuthorities>;
  /** The authority of the API's certificates, which clients check; no secret. */
  public readonly apiAuthority: pulumi.Output<string>;
  /** The client certificate for the kubeconfig. */
  public readonly administrator: pulumi.Output<KeyPair>;
  /** The authority of etcd's members and clients; no secret. */
  public readonly etcdAuthority: pulumi.Output<string>;
  /** By name of the server. */
  public readonly etcdMembers: Readonly<Record<string, pulumi.Output<EtcdMemberCertificates>>>;
  public readonly etcdUsers: Readonly<Record<EtcdUser, pulumi.Output<KeyPair>>>;
  /** Opens the connection to etcd; Patroni then says who it is by name and password. */
  public readonly patroni: pulumi.Output<KeyPair>;
  public readonly postgres: PostgresPki;

  constructor(
    name: string,
    { cluster, etcdHosts, postgres, epoch, protection }: PkiArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("trellis:cluster:Pki", name, {}, opts);
    const authority = (purpose: string) =>
      new Authority(
        `${name}-${purpose}`,
        { commonName: `${cluster}-${purpose}`, lifetime: LIFETIMES.authority, protection },
        { parent: this },
      );

    const server = authority("server-ca");
    const client = authority("client-ca");
    const requestHeader = authority("request-header-ca");
    const embeddedEtcd = authority("embedded-etcd-ca");
    const serviceAccount = new tls.PrivateKey(
      `${name}-service-account`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, protect: protection ?? false },
    );
    this.k3s = pulumi.output({
      server: server.keyPair,
      client: client.keyPair,
      requestHeader: requestHeader.keyPair,
      embeddedEtcd: embeddedEtcd.keyPair,
      serviceAccountKey: pulumi.secret(serviceAccount.privateKeyPem),
    });
    this.apiAuthority = server.certificate;
    this.administrator = client.issue("administrator", {
      subject: { commonName: `${cluster}-administrator`, organization: ADMINISTRATORS },
      uses: ["client_auth"],
      lifetime: LIFETIMES.administrator,
      epoch,
    });

    const etcd = authority("etcd-ca");
    this.etcdAuthority = etcd.certificate;
    this.etcdMembers = Object.fromEntries(
      etcdHosts.map((host) => [host.name, issueMember(etcd, host, epoch)] as const),
    );
    const user = (commonName: EtcdUser) =>
      etcd.issue(`user-${commonName}`, {
        subject: { commonName },
        uses: ["client_auth"],
        lifetime: LIFETIMES.machine,
        epoch,
      });
    this.etcdUsers = { [ROOT_USER]: user(ROOT_USER), [K3S_USER]: user(K3S_USER) };
    // No common name: etcd's JSON gateway, which Patroni speaks, refuses certificates that have one.
    this.patroni = etcd.issue(`user-${PATRONI_USER}`, {
      uses: ["client_auth"],
      dnsNames: [PATRONI_USER],
      lifetime: LIFETIMES.workload,
      epoch,
    });

    this.postgres = new PostgresPki(
      `${name}-postgres`,
      { cluster, ...postgres, epoch, protection },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** A member listens at its own address and, for tools on its machine, at loopback. */
function issueMember(etcd: Authority, host: EtcdHost, epoch: number): pulumi.Output<EtcdMemberCertificates> {
  const issue = (purpose: "server" | "peer", commonName: string) =>
    etcd.issue(`${purpose}-${host.name}`, {
      subject: { commonName },
      // Both sides of a connection between members are peers, and a server is the client of its own JSON gateway.
      uses: ["server_auth", "client_auth"],
      dnsNames: [host.name, "localhost"],
      addresses: [host.address, "127.0.0.1"],
      lifetime: LIFETIMES.machine,
      epoch,
    });
  return pulumi.output({ server: issue("server", host.name), peer: issue("peer", PEER_COMMON_NAME) });
}
