/**
 * One allowed connection between a namespace's pods and a peer, or among its pods. `ports` are those of the side that
 * accepts the connection. `pods` restricts the allowance to the namespace's pods with these labels; the default is all
 * of them.
 */
export type Allowance =
  | { readonly to: "dns" }
  /** Public addresses; never the cluster's own networks or the metadata address. */
  | { readonly to: "internet"; readonly ports: readonly number[]; readonly pods?: PodLabels }
  /** The cluster's servers: the Kubernetes API, etcd, HAProxy. */
  | { readonly to: "servers"; readonly ports: readonly number[]; readonly pods?: PodLabels }
  | { readonly from: "servers"; readonly ports: readonly number[]; readonly pods?: PodLabels }
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

export type PodLabels = Readonly<Record<string, string>>;
