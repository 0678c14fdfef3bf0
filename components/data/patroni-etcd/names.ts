import { hostOf } from "../postgres";

/** What this etcd is called in the cluster; it lives beside the members of PostgreSQL. */
export const ETCD = {
  statefulSet: "etcd",
  /** Gives each member a name of its own in DNS. */
  headless: "etcd",
  serviceAccount: "etcd",
  certificates: "etcd-certificates",
  ports: { client: 2379, peer: 2380, metrics: 2381 },
} as const;

export const LABELS = { "app.kubernetes.io/name": "etcd", "app.kubernetes.io/part-of": "trellis" } as const;

export const memberNames = (members: number): string[] =>
  Array.from({ length: members }, (_, ordinal) => `${ETCD.statefulSet}-${ordinal}`);

/** By which a member is known to the others and to clients, wherever its pod is. */
export const memberHost = (name: string): string => hostOf(`${name}.${ETCD.headless}`);
