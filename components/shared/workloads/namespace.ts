import type { Allowance } from "./network-access";

export type PodSecurity = "restricted" | "baseline" | "privileged";

/** Pods of a namespace, and the ports at which they accept connections. */
export interface Destination {
  readonly namespace: string;
  readonly ports: readonly number[];
}

/**
 * What a workload declares about its namespace. The cluster layer creates the namespace, its quota and its network
 * policies from this, with the other side of each connection.
 */
export interface WorkloadNamespace {
  /** Name of the namespace in the cluster. */
  readonly name: string;

  /** Pod security profile that admission enforces. */
  readonly podSecurity: PodSecurity;

  /** What its pods may request in staging. dev gets half, prod twice as much. Pods beyond it are rejected. */
  readonly share: { readonly cpu: number; readonly memoryGib: number };

  /** Pods of other namespaces that its pods connect to. Both namespaces get a policy that allows the connection. */
  readonly uses: readonly Destination[];

  /** Ports that the ingress controller forwards requests to. */
  readonly exposed: readonly number[];

  /** Ports that Prometheus scrapes. Prometheus' namespace gets the matching policy. */
  readonly scraped: readonly number[];

  /** Further connections: inside the namespace, to and from the servers, to DNS and the internet. */
  readonly allow: readonly Allowance[];

  /**
   * Whether the workload itself creates a policy for each of its pods. Its namespace then denies everything else, and
   * `uses` and `scraped` only allow the connections in the other namespaces.
   * @default false
   */
  readonly podPolicies?: boolean;
}
