import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ETCD_INTEGRITY, PEER_COMMON_NAME } from "../../servers";
import { pinnedImage } from "../../shared/pinned-image";
import { apart, restrictedContainer, restrictedPod, STAYS_WITH_VOLUME } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { ETCD, LABELS, memberHost, memberNames } from "./names";

/** How many members there are and how they are spread: arguments of the etcd and of each member's pod. */
export interface EtcdSizing {
  /** Number of members. Three survive the loss of one; one survives none. */
  readonly members: number;
  /**
   * Whether two members may never share a node. With true, a pod waits while there are too few nodes; with false,
   * members share nodes only then.
   */
  readonly strictSpread: boolean;
}

export interface MemberPodArgs extends EtcdSizing {
  /** Namespace of the members, which their host names contain. */
  readonly namespace: pulumi.Input<string>;
  /** The cluster token: a member refuses peers of an etcd cluster with another token. */
  readonly token: string;
  /** Name of the Secret with `ca.crt`, and a certificate and a key each for clients (`server`) and peers (`peer`). */
  readonly certificates: pulumi.Input<string>;
}

/** The etcd project's image. It contains etcd's programs and no shell. */
const IMAGE = pinnedImage(versions.etcd);

/** Any user id works: the image names no user, and the volume belongs to the pod's group. */
const ETCD_USER = 1000;

const CERTIFICATES = "/etc/etcd/certificates";
const VOLUME = "/var/lib/etcd";

/** Patroni's keys are a few kilobytes, and their history is compacted every five minutes. */
const QUOTA_BYTES = 256 * 1024 ** 2;
const HISTORY = "300s";

/** The pod of one member. This etcd stores only Patroni's keys, such as who leads PostgreSQL. */
export function memberPod(args: MemberPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: {
      labels: LABELS,
      annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": String(ETCD.ports.metrics) },
    },
    spec: {
      serviceAccountName: ETCD.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false, // etcd would read service variables that begin with ETCD_ as settings
      priorityClassName: "trellis-data",
      tolerations: STAYS_WITH_VOLUME,
      securityContext: restrictedPod(ETCD_USER),
      affinity: { podAntiAffinity: apart(LABELS, args.strictSpread) },
      containers: [
        {
          name: "etcd",
          image: IMAGE,
          command: ["/usr/local/bin/etcd"],
          args: pulumi.output(args.namespace).apply((namespace) => memberArguments(args, namespace)),
          env: [{ name: "MEMBER", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          ports: Object.entries(ETCD.ports).map(([name, containerPort]) => ({ name, containerPort })),
          securityContext: restrictedContainer,
          resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "384Mi" } },
          startupProbe: probe("/livez", { periodSeconds: 5, failureThreshold: 60 }),
          livenessProbe: probe("/livez", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
          readinessProbe: probe("/readyz", { periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 }),
          volumeMounts: [
            { name: "data", mountPath: VOLUME },
            { name: "certificates", mountPath: CERTIFICATES, readOnly: true },
          ],
        },
      ],
      volumes: [{ name: "certificates", secret: { secretName: args.certificates, defaultMode: 0o440 } }],
    },
  };
}

/** etcd's command line. etcd reloads renewed certificates at the next connection, without a restart. */
function memberArguments({ token, members }: MemberPodArgs, namespace: string): string[] {
  const own = memberHost("$(MEMBER)", namespace);
  const url = (host: string, port: number) => `https://${host}:${port}`;
  const { client, peer, metrics } = ETCD.ports;
  const cluster = memberNames(members).map((name) => `${name}=${url(memberHost(name, namespace), peer)}`);
  return [
    ...["--name=$(MEMBER)", `--data-dir=${VOLUME}/data`, `--initial-cluster-token=${token}`],
    `--listen-client-urls=${url("0.0.0.0", client)}`,
    `--advertise-client-urls=${url(own, client)}`,
    `--listen-peer-urls=${url("0.0.0.0", peer)}`,
    `--initial-advertise-peer-urls=${url(own, peer)}`,
    `--initial-cluster=${cluster.join()}`,
    // No TLS, for probes and Prometheus: this address serves health and metrics, no keys.
    `--listen-metrics-urls=http://0.0.0.0:${metrics}`,
    ...[`--cert-file=${CERTIFICATES}/server.crt`, `--key-file=${CERTIFICATES}/server.key`],
    ...[`--trusted-ca-file=${CERTIFICATES}/ca.crt`, "--client-cert-auth"],
    ...[`--peer-cert-file=${CERTIFICATES}/peer.crt`, `--peer-key-file=${CERTIFICATES}/peer.key`],
    ...[`--peer-trusted-ca-file=${CERTIFICATES}/ca.crt`, "--peer-client-cert-auth"],
    ...[`--peer-cert-allowed-cn=${PEER_COMMON_NAME}`, "--tls-min-version=TLS1.3"],
    ...["--auto-compaction-mode=periodic", `--auto-compaction-retention=${HISTORY}`],
    `--quota-backend-bytes=${QUOTA_BYTES}`,
    `--feature-gates=${ETCD_INTEGRITY.map((feature) => `${feature}=true`).join()}`,
  ];
}

function probe(path: string, timing: Record<string, number>): k8s.types.input.core.v1.Probe {
  return { httpGet: { path, port: "metrics" }, ...timing };
}
