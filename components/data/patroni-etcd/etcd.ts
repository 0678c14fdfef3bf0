import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PATRONI_USER, PEER_COMMON_NAME } from "../../servers";
import { Authority, type KeyPair, LIFETIMES } from "../../shared/pki";
import { volumeClaim } from "../../shared/pods";
import { type MemberPodArgs, memberPod } from "./member-pod";
import { ETCD, LABELS, memberHost, memberNames } from "./names";

export interface PatroniEtcdArgs extends Pick<MemberPodArgs, "members" | "strictSpread"> {
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
  readonly hosts: readonly string[];
  /** CA certificate (PEM) of the members' certificates. */
  readonly authority: pulumi.Output<string>;
  /** The client certificate. It has no common name: etcd's JSON gateway refuses one that does. */
  readonly certificate: pulumi.Output<KeyPair>;

  constructor(name: string, args: PatroniEtcdArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:etcd:Etcd", name, {}, opts);
    const child = { parent: this };
    const metadata = (object: string) => ({ name: object, namespace: args.namespace, labels: LABELS });
    const hosts = memberNames(args.members).map(memberHost);
    this.hosts = hosts.map((host) => `${host}:${ETCD.ports.client}`);

    const authority = new Authority(
      `${name}-authority`,
      {
        commonName: `${args.cluster}-etcd-ca`,
        lifetime: LIFETIMES.authority,
        protection: args.protection,
      },
      child,
    );
    const leaf = { lifetime: LIFETIMES.workload, epoch: args.certificateEpoch };
    // Members connect to each other in both directions, and each is a client of its own JSON gateway. So every
    // certificate has both uses.
    const member = (purpose: string, commonName: string) =>
      authority.issue(purpose, {
        ...leaf,
        subject: { commonName },
        uses: ["server_auth", "client_auth"],
        dnsNames: [...hosts, "localhost"],
        addresses: ["127.0.0.1"],
      });
    const [server, peer] = [member("server", ETCD.statefulSet), member("peer", PEER_COMMON_NAME)];
    this.authority = authority.certificate;
    this.certificate = authority.issue(PATRONI_USER, {
      ...leaf,
      uses: ["client_auth"],
      dnsNames: [PATRONI_USER],
    });
    const certificates = new k8s.core.v1.Secret(
      `${name}-certificates`,
      {
        metadata: metadata(ETCD.certificates),
        stringData: {
          "ca.crt": this.authority,
          "server.crt": server.cert,
          "server.key": server.key,
          "peer.crt": peer.cert,
          "peer.key": peer.key,
        },
      },
      child,
    );

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(ETCD.serviceAccount), automountServiceAccountToken: false },
      child,
    );
    this.allow(name, args.namespace);
    new k8s.core.v1.Service(
      `${name}-headless`,
      {
        metadata: metadata(ETCD.headless),
        spec: {
          clusterIP: "None",
          publishNotReadyAddresses: true, // members must resolve each other before they are ready
          selector: LABELS,
          ports: Object.entries(ETCD.ports).map(([port, number]) => ({ name: port, port: number })),
        },
      },
      child,
    );
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      {
        metadata: metadata(ETCD.statefulSet),
        spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } },
      },
      child,
    );
    new k8s.apps.v1.StatefulSet(
      `${name}-members`,
      {
        metadata: metadata(ETCD.statefulSet),
        spec: {
          serviceName: ETCD.headless,
          replicas: args.members,
          podManagementPolicy: "Parallel", // no member is ready before a majority runs
          selector: { matchLabels: LABELS },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          volumeClaimTemplates: [
            volumeClaim({ name: "data", labels: LABELS, size: VOLUME, storageClass: args.storageClass }),
          ],
          template: memberPod({ ...args, token: args.cluster, certificates: certificates.metadata.name }),
        },
      },
      // Kubernetes rejects changes to the claims of a StatefulSet.
      {
        ...child,
        protect: args.protection ?? false,
        dependsOn: account,
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
    this.registerOutputs({});
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
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
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
}
