import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PATRONI_USER, PEER_COMMON_NAME } from "../../servers";
import { Authority, type KeyPair, LIFETIMES } from "../../shared/pki";
import { volumeClaim } from "../../shared/pods";
import { MONITORING_NAMESPACE } from "../../shared/workloads";
import { type EtcdSizing, memberPod } from "./member-pod";
import { ETCD, LABELS, memberHost, memberNames } from "./names";

export interface PatroniEtcdArgs extends EtcdSizing {
  /** PostgreSQL's namespace, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** Name of the platform: part of the CA's common name, and etcd's cluster token. */
  readonly cluster: string;

  /** Increment to reissue the certificates. etcd reloads them without a restart. */
  readonly certificateEpoch: number;

  /**
   * StorageClass of the members' volumes. A change has no effect on existing members.
   * @default the cluster's default
   */
  readonly storageClass?: string | undefined;

  /** Whether Pulumi refuses to delete what cannot be recreated. @default false */
  readonly protection?: boolean | undefined;
}

/** Size of a member's volume. Patroni stores little; it only needs writes to reach the disk. */
const VOLUME = "1Gi";

/**
 * Creates an etcd in the cluster for Patroni alone, for clusters whose servers have no etcd that we can share. Any
 * client with a certificate of its CA can read and write everything; only PostgreSQL's pods have one.
 */
export class PatroniEtcd extends pulumi.ComponentResource {
  /** Client addresses of the members, each as host:port. */
  readonly hosts: pulumi.Output<readonly string[]>;
  /** CA certificate (PEM) of the members' certificates. */
  readonly authority: pulumi.Output<string>;
  /** The client certificate. It has no common name: etcd's JSON gateway refuses one that does. */
  readonly certificate: pulumi.Output<KeyPair>;

  constructor(name: string, args: PatroniEtcdArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:etcd:Etcd", name, {}, opts);
    this.hosts = hostsOf(args).apply((hosts) => hosts.map((host) => `${host}:${ETCD.ports.client}`));
    const authority = this.ca(name, args);
    this.authority = authority.certificate;
    const pairs = this.memberPairs(authority, args);
    this.certificate = authority.issue(PATRONI_USER, {
      lifetime: LIFETIMES.workload,
      epoch: args.certificateEpoch,
      uses: ["client_auth"],
      dnsNames: [PATRONI_USER],
    });
    const certificates = this.memberCertificates(name, args, pairs);
    const account = this.account(name, args);
    this.allow(name, args.namespace);
    this.headless(name, args);
    this.disruptionBudget(name, args);
    this.statefulSet(name, args, { certificates, account });
    this.registerOutputs({
      hosts: this.hosts,
      authority: this.authority,
      certificate: this.certificate,
    });
  }

  private ca(name: string, { cluster, protection }: PatroniEtcdArgs): Authority {
    return new Authority(
      `${name}-authority`,
      { commonName: `${cluster}-etcd-ca`, lifetime: LIFETIMES.authority, protection },
      { parent: this },
    );
  }

  /**
   * The members' certificates. Members connect to each other in both directions, and each is a client of its own JSON
   * gateway. So every certificate has both uses.
   */
  private memberPairs(authority: Authority, args: PatroniEtcdArgs): MemberPairs {
    const issue = (purpose: string, commonName: string) =>
      authority.issue(purpose, {
        lifetime: LIFETIMES.workload,
        epoch: args.certificateEpoch,
        subject: { commonName },
        uses: ["server_auth", "client_auth"],
        dnsNames: hostsOf(args).apply((hosts) => [...hosts, "localhost"]),
        addresses: ["127.0.0.1"],
      });
    return { server: issue("server", ETCD.statefulSet), peer: issue("peer", PEER_COMMON_NAME) };
  }

  /** The Secret with the members' certificates. */
  private memberCertificates(
    name: string,
    { namespace }: PatroniEtcdArgs,
    { server, peer }: MemberPairs,
  ): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-certificates`,
      {
        metadata: metadataOf(namespace, ETCD.certificates),
        stringData: {
          "ca.crt": this.authority,
          "server.crt": server.cert,
          "server.key": server.key,
          "peer.crt": peer.cert,
          "peer.key": peer.key,
        },
      },
      { parent: this },
    ).metadata.name;
  }

  private account(name: string, { namespace }: PatroniEtcdArgs): pulumi.Resource {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadataOf(namespace, ETCD.serviceAccount), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  /**
   * Network policies: the namespace's pods may connect to the members, members to each other, and Prometheus to their
   * metrics port.
   */
  private allow(name: string, namespace: pulumi.Input<string>): void {
    const { client, peer, metrics } = ETCD.ports;
    const ports = (...numbers: number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));
    const members = { podSelector: { matchLabels: LABELS } };
    const monitoring = {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": MONITORING_NAMESPACE } },
    };
    const policy = (purpose: string, spec: k8s.types.input.networking.v1.NetworkPolicySpec) =>
      new k8s.networking.v1.NetworkPolicy(
        `${name}-${purpose}`,
        { metadata: { name: `allow-${purpose}`, namespace, labels: LABELS }, spec },
        { parent: this },
      );
    policy("to-etcd", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [members], ports: ports(client, peer) }],
    });
    policy("from-clients-of-etcd", {
      podSelector: { matchLabels: LABELS },
      policyTypes: ["Ingress"],
      ingress: [
        { from: [{ podSelector: {} }], ports: ports(client) },
        { from: [members], ports: ports(peer) },
        { from: [monitoring], ports: ports(metrics) },
      ],
    });
  }

  /** The headless Service, which gives each member its own DNS name. */
  private headless(name: string, { namespace }: PatroniEtcdArgs): void {
    new k8s.core.v1.Service(
      `${name}-headless`,
      {
        metadata: metadataOf(namespace, ETCD.headless),
        spec: {
          clusterIP: "None",
          publishNotReadyAddresses: true, // members must resolve each other before they are ready
          selector: LABELS,
          ports: Object.entries(ETCD.ports).map(([port, number]) => ({ name: port, port: number })),
        },
      },
      { parent: this },
    );
  }

  private disruptionBudget(name: string, { namespace }: PatroniEtcdArgs): void {
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      {
        metadata: metadataOf(namespace, ETCD.statefulSet),
        spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } },
      },
      { parent: this },
    );
  }

  private statefulSet(
    name: string,
    { namespace, cluster, members, strictSpread, storageClass, protection }: PatroniEtcdArgs,
    {
      certificates,
      account,
    }: { readonly certificates: pulumi.Input<string>; readonly account: pulumi.Resource },
  ): void {
    new k8s.apps.v1.StatefulSet(
      `${name}-members`,
      {
        metadata: metadataOf(namespace, ETCD.statefulSet),
        spec: {
          serviceName: ETCD.headless,
          replicas: members,
          podManagementPolicy: "Parallel", // no member is ready before a majority runs
          selector: { matchLabels: LABELS },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          volumeClaimTemplates: [volumeClaim({ name: "data", labels: LABELS, size: VOLUME, storageClass })],
          template: memberPod({ namespace, members, strictSpread, token: cluster, certificates }),
        },
      },
      // Kubernetes rejects changes to the claims of a StatefulSet.
      {
        parent: this,
        protect: protection ?? false,
        dependsOn: account,
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
  }
}

/** The certificates that members present to clients and to each other. */
interface MemberPairs {
  readonly server: pulumi.Output<KeyPair>;
  readonly peer: pulumi.Output<KeyPair>;
}

const hostsOf = ({ namespace, members }: PatroniEtcdArgs): pulumi.Output<string[]> =>
  pulumi.output(namespace).apply((known) => memberNames(members).map((name) => memberHost(name, known)));

const metadataOf = (namespace: pulumi.Input<string>, name: string) => ({ name, namespace, labels: LABELS });
