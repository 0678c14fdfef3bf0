import { SERVER_PORTS } from "../../shared/address-plan";
import { hostOf } from "../../shared/pods";

/** Names of this etcd's objects. They are in PostgreSQL's namespace. */
export const ETCD = {
  statefulSet: "etcd",
  /** Headless Service, which gives each member its own DNS name. */
  headless: "etcd",
  serviceAccount: "etcd",
  certificates: "etcd-certificates",
  ports: { client: 2379, peer: 2380, metrics: SERVER_PORTS.etcdMetrics },
} as const;

export const LABELS = { "app.kubernetes.io/name": "etcd", "app.kubernetes.io/part-of": "trellis" } as const;

export const memberNames = (members: number): string[] =>
  Array.from({ length: members }, (_, ordinal) => `${ETCD.statefulSet}-${ordinal}`);

/** Host name of a member for peers and clients, whichever node its pod is on. */
export const memberHost = (name: string, namespace: string): string =>
  hostOf(`${name}.${ETCD.headless}`, namespace);

/** The port for health and metrics, the same on servers and in pods. */
export const ETCD_METRICS_PORT = ETCD.ports.metrics;
