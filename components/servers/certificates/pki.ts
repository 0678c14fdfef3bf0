import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Authority, type KeyPair, LIFETIMES, type PostgresHosts, PostgresPki } from "../../shared/pki";
import { K3S_USER, PATRONI_USER, PEER_COMMON_NAME, ROOT_USER } from "../etcd";
import { issuePeople, type People } from "./people";

/** A server whose etcd member gets certificates. */
export interface EtcdHost {
  /** The server's name: the common name and a DNS name of its server certificate. */
  readonly name: string;
  /** The address at which the cluster reaches it: private in a private network, public in a mesh. */
  readonly address: pulumi.Input<string>;
}

export interface PkiArgs {
  /** The cluster's name. It is part of the CAs' common names, so that the CAs of two clusters have different names. */
  readonly cluster: string;
  /** The servers with an etcd member. Each gets a server certificate and a peer certificate. */
  readonly etcdHosts: readonly EtcdHost[];
  /** The DNS names and IP addresses in PostgreSQL's certificate. */
  readonly postgres: PostgresHosts;
  /** Increment to issue all leaf certificates again, with new keys. The CAs stay. */
  readonly epoch: number;
  /** Increment to revoke the certificates of developers and readers: it is part of their groups' names. @default 1 */
  readonly peopleEpoch?: number | undefined;
  /** Whether metrics of the servers travel over public addresses; they then get a certificate. @default false */
  readonly metricsInPublic?: boolean | undefined;
  /** Whether the engine refuses to delete or replace the CAs and the service-account key. @default false */
  readonly protection?: boolean | undefined;
}

/** The certificates of one etcd member. */
export interface EtcdMemberCertificates {
  /** The member presents it to clients. */
  readonly server: KeyPair;
  /** Both sides of a connection between two members present it. */
  readonly peer: KeyPair;
}

/**
 * The CAs and the key that every server has below K3s' `server/tls` before its first start. They are the same on all
 * servers, and K3s does not create its own.
 */
export interface K3sAuthorities {
  /** Issues the serving certificates of the API. */
  readonly server: KeyPair;
  /** Issues client certificates, the administrator's among them. */
  readonly client: KeyPair;
  /** Kubernetes' request-header CA. */
  readonly requestHeader: KeyPair;
  /** The CA of K3s' embedded etcd. Our etcd is external, so nothing trusts this CA, but K3s requires its files. */
  readonly embeddedEtcd: KeyPair;
  /** Signs the tokens of service accounts. */
  readonly serviceAccountKey: string;
}

/** etcd takes the user from the common name of the client certificate. */
export type EtcdUser = typeof ROOT_USER | typeof K3S_USER;

/** The group in the administrator's certificate. A ClusterRoleBinding grants its rights; delete it to revoke them. */
export const ADMINISTRATORS = "trellis:administrators";

/** The name that Prometheus verifies in the certificate of servers that serve metrics over TLS. */
export const METRICS_HOST = "server-metrics";

/**
 * Creates every CA and certificate of the cluster: K3s, etcd and PostgreSQL. They exist before any server boots, so
 * that the first boot can write them to disk. All private keys are secrets.
 */
export class Pki extends pulumi.ComponentResource {
  public readonly k3s: pulumi.Output<K3sAuthorities>;
  /** The CA certificate by which clients verify the API. It is not a secret. */
  public readonly apiAuthority: pulumi.Output<string>;
  /** The client certificate for the kubeconfig. */
  public readonly administrator: pulumi.Output<KeyPair>;
  /** The client certificates for the kubeconfigs with fewer rights. */
  public readonly people: People<pulumi.Output<KeyPair>>;
  /** HAProxy's client certificate, with which it asks whether the API is ready. It belongs to no group. */
  public readonly apiHealth: pulumi.Output<KeyPair>;
  /** The CA certificate of etcd's members and clients. It is not a secret. */
  public readonly etcdAuthority: pulumi.Output<string>;
  /** By server name. */
  public readonly etcdMembers: Readonly<Record<string, pulumi.Output<EtcdMemberCertificates>>>;
  public readonly etcdUsers: Readonly<Record<EtcdUser, pulumi.Output<KeyPair>>>;
  /** Patroni's client certificate for the TLS connection to etcd. Patroni then logs in with a name and a password. */
  public readonly patroni: pulumi.Output<KeyPair>;
  /** A client certificate that only reads etcd's metrics. */
  public readonly etcdMetrics: pulumi.Output<KeyPair>;
  /** With which servers serve metrics over TLS, as `METRICS_HOST`; issued by etcd's CA. @default none: in clear */
  public readonly serverMetrics: pulumi.Output<KeyPair> | undefined;
  public readonly postgres: PostgresPki;

  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:cluster:Pki", name, {}, opts);
    const { cluster, postgres, epoch, protection } = args;

    const server = this.#authority(name, args, "server-ca");
    const client = this.#authority(name, args, "client-ca");
    this.k3s = this.#k3s(name, args, { server, client });
    this.apiAuthority = server.certificate;
    this.administrator = issueAdministrator(client, args);
    this.apiHealth = client.issue("health", {
      subject: { commonName: `${cluster}-health` },
      uses: ["client_auth"],
      lifetime: LIFETIMES.machine,
      epoch,
    });
    this.people = issuePeople(client, { cluster, epoch: args.peopleEpoch ?? 1 });

    const etcd = this.#authority(name, args, "etcd-ca");
    this.etcdAuthority = etcd.certificate;
    this.etcdMembers = Object.fromEntries(
      args.etcdHosts.map((host) => [host.name, issueMember(etcd, host, epoch)] as const),
    );
    this.etcdUsers = {
      [ROOT_USER]: issueUser(etcd, ROOT_USER, epoch),
      [K3S_USER]: issueUser(etcd, K3S_USER, epoch),
    };
    this.patroni = issueNobody(etcd, PATRONI_USER, epoch);
    this.etcdMetrics = issueNobody(etcd, "metrics", epoch);
    this.serverMetrics = args.metricsInPublic ? issueServerMetrics(etcd, epoch) : undefined;

    this.postgres = new PostgresPki(
      `${name}-postgres`,
      { cluster, names: postgres.names, addresses: postgres.addresses, epoch, protection },
      { parent: this },
    );
    // Only what is public: the private keys are in the state once already.
    this.registerOutputs({ apiAuthority: this.apiAuthority, etcdAuthority: this.etcdAuthority });
  }

  #authority(name: string, { cluster, protection }: PkiArgs, purpose: string): Authority {
    return new Authority(
      `${name}-${purpose}`,
      { commonName: `${cluster}-${purpose}`, lifetime: LIFETIMES.authority, protection },
      { parent: this },
    );
  }

  #k3s(
    name: string,
    args: PkiArgs,
    { server, client }: { server: Authority; client: Authority },
  ): pulumi.Output<K3sAuthorities> {
    const requestHeader = this.#authority(name, args, "request-header-ca");
    const embeddedEtcd = this.#authority(name, args, "embedded-etcd-ca");
    const serviceAccount = new tls.PrivateKey(
      `${name}-service-account`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, protect: args.protection ?? false },
    );
    return pulumi.output({
      server: server.keyPair,
      client: client.keyPair,
      requestHeader: requestHeader.keyPair,
      embeddedEtcd: embeddedEtcd.keyPair,
      serviceAccountKey: pulumi.secret(serviceAccount.privateKeyPem),
    });
  }
}

const issueAdministrator = (client: Authority, { cluster, epoch }: PkiArgs): pulumi.Output<KeyPair> =>
  client.issue("administrator", {
    subject: { commonName: `${cluster}-administrator`, organization: ADMINISTRATORS },
    uses: ["client_auth"],
    lifetime: LIFETIMES.administrator,
    epoch,
  });

const issueUser = (etcd: Authority, commonName: EtcdUser, epoch: number): pulumi.Output<KeyPair> =>
  etcd.issue(`user-${commonName}`, {
    subject: { commonName },
    uses: ["client_auth"],
    lifetime: LIFETIMES.machine,
    epoch,
  });

/**
 * A certificate without a common name, which is no user of etcd: it opens TLS connections and reads metrics, and no key.
 * Patroni then logs in by password through etcd's JSON gateway, which refuses certificates that have a common name.
 */
const issueNobody = (etcd: Authority, name: string, epoch: number): pulumi.Output<KeyPair> =>
  etcd.issue(`user-${name}`, {
    uses: ["client_auth"],
    dnsNames: [name],
    lifetime: LIFETIMES.workload,
    epoch,
  });

/**
 * The certificate of HAProxy's and the node exporters' metrics, the same on all servers: it has no address, so it passes
 * for no member of etcd, and it is no client.
 */
const issueServerMetrics = (etcd: Authority, epoch: number): pulumi.Output<KeyPair> =>
  etcd.issue(METRICS_HOST, {
    uses: ["server_auth"],
    dnsNames: [METRICS_HOST],
    lifetime: LIFETIMES.machine,
    epoch,
  });

/** The certificates name loopback too, for tools on the member's own machine. */
function issueMember(etcd: Authority, host: EtcdHost, epoch: number): pulumi.Output<EtcdMemberCertificates> {
  const issue = (purpose: "server" | "peer", commonName: string) =>
    etcd.issue(`${purpose}-${host.name}`, {
      subject: { commonName },
      // Members use the peer certificate on both sides of a connection. A server is a client of itself: its JSON
      // gateway calls it.
      uses: ["server_auth", "client_auth"],
      dnsNames: [host.name, "localhost"],
      addresses: [host.address, "127.0.0.1"],
      lifetime: LIFETIMES.machine,
      epoch,
    });
  return pulumi.output({ server: issue("server", host.name), peer: issue("peer", PEER_COMMON_NAME) });
}
