import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PATRONI_USER, PEER_COMMON_NAME } from "../../servers";
import { Authority, type KeyPair, LIFETIMES } from "../../shared/pki";
import { volumeClaim } from "../../shared/pods";
import { type MemberPodArgs, memberPod } from "./member-pod";
import { ETCD, LABELS, memberHost, memberNames } from "./names";

export interface PatroniEtcdArgs extends Pick<MemberPodArgs, "members" | "strictSpread"> {
  /** The namespace of PostgreSQL, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** What the platform is called; part of the authority's name. */
  readonly cluster: string;

  /** Raised, the certificates are made anew. */
  readonly certificateEpoch: number;

  readonly storageClass?: string | undefined;

  /** Whether the engine refuses to delete what could not be made again. @default false */
  readonly protection?: boolean | undefined;
}

/** What Patroni keeps is small, and what it needs is that a write reaches the disk. */
const VOLUME = "1Gi";

/**
 * An etcd in the cluster, for Patroni alone: where the servers are not ours, there is none on them to share. Whoever has a
 * certificate of its authority may read and write everything in it, and nobody but PostgreSQL's pods has one.
 */
export class PatroniEtcd extends pulumi.ComponentResource {
  /** Each as host:port. */
  readonly hosts: readonly string[];
  readonly authority: pulumi.Output<string>;
  /** Opens the connection; has no common name, which etcd's JSON gateway would refuse. */
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
    // Both sides of a connection between members are peers, and a server is the client of its own JSON gateway.
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
          publishNotReadyAddresses: true, // members find each other before they are ready
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
          podManagementPolicy: "Parallel", // none is ready before most are there
          selector: { matchLabels: LABELS },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          volumeClaimTemplates: [
            volumeClaim({ name: "data", labels: LABELS, size: VOLUME, storageClass: args.storageClass }),
          ],
          template: memberPod({ ...args, token: args.cluster, certificates: certificates.metadata.name }),
        },
      },
      // Kubernetes forbids to change the claims of a StatefulSet.
      {
        ...child,
        protect: args.protection ?? false,
        dependsOn: account,
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
    this.registerOutputs({});
  }

  /** The namespace's other pods may speak to the members, and the members to each other. */
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
