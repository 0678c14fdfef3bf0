import type { Fabric, Node } from "../../settings";

/** A server as K3s sees it. */
export interface K3sHost
  extends Pick<Node, "name" | "location" | "memoryGb" | "architecture" | "privateAddress"> {
  readonly publicAddress: string;
}

/** What all nodes of a cluster must be told alike. */
export interface K3sCluster {
  readonly fabric: Fabric;
  /** Ranges of addresses: of the servers' private network, of pods, of services. */
  readonly network: { readonly servers: string; readonly pods: string; readonly services: string };
  /** The addresses at which nodes reach each other, of all nodes. */
  readonly nodeAddresses: readonly string[];
  /** Of the etcd members. */
  readonly etcdAddresses: readonly string[];
  /** Names and addresses by which clients reach the API: the front's, the domain's, the control plane's servers'. */
  readonly apiNames: readonly string[];
  /** Whether Hetzner's cloud controller runs in the cluster, which then names nodes' addresses and places. */
  readonly cloudController: boolean;
}

/** The address at which other nodes reach this one. */
export function clusterAddress({ privateAddress, publicAddress }: K3sHost): string {
  return privateAddress ?? publicAddress;
}
