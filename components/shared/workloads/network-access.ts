/** Namespace of Prometheus, which scrapes the workloads. */
export const MONITORING_NAMESPACE = "monitoring";

/** Namespace of the ingress controller and of DNS. */
export const SYSTEM_NAMESPACE = "kube-system";

/**
 * Ranges that are not the internet: the cluster's own networks, and the link-local metadata address, which would give
 * any pod a node's user data, keys included.
 */
export const PRIVATE_RANGES = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
];

/**
 * One allowed connection between a namespace's pods and a peer, or among its pods. `ports` are those of the side that
 * accepts the connection. `pods` restricts the allowance to the namespace's pods with these labels; the default is all
 * of them.
 */
export type Allowance =
  | { readonly to: "dns" }
  /** Public addresses; never the cluster's own networks or the metadata address. */
  | ({ readonly to: "internet"; readonly pods?: PodLabels } & Ports)
  /** The cluster's servers: the Kubernetes API, etcd, HAProxy. */
  | { readonly to: "servers"; readonly ports: readonly number[]; readonly pods?: PodLabels }
  | ({ readonly from: "servers"; readonly pods?: PodLabels } & Ports)
  /**
   * Every pod of the cluster, by the range of their addresses. A policy that selects pods would refuse a new one until
   * the nodes' controllers know its address.
   */
  | ({ readonly from: "pods"; readonly pods?: PodLabels } & Ports)
  | ({ readonly to: Peer; readonly pods?: PodLabels } & Ports)
  | ({ readonly from: Peer; readonly pods?: PodLabels } & Ports);

interface Ports {
  /** Ports of the side that accepts the connection. */
  readonly ports: readonly number[];
  /** @default "TCP" */
  readonly protocol?: Protocol;
}

export type Protocol = "TCP" | "UDP";

/** Pods on the other side of a connection. */
export interface Peer {
  /** Namespace of the pods; `"own"` is the namespace that the allowance is for. */
  readonly namespace: string;
  /** Labels of the pods. @default all pods of the namespace */
  readonly pods?: PodLabels;
}

/** Labels that pods must have. `*` stands for any value. */
export type PodLabels = Readonly<Record<string, string>>;
