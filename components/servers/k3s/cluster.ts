import type { Fabric, Node, Oidc } from "../../settings";

/** The properties of one server that its K3s configuration depends on. */
export interface K3sHost
  extends Pick<Node, "name" | "location" | "memoryGb" | "architecture" | "labels" | "privateAddress"> {
  /** The public IPv4 address; without a private network also the node's address in the cluster. */
  readonly publicAddress: string;
}

/** Configuration that must be the same on all nodes of a cluster. */
export interface K3sCluster {
  /** How nodes reach each other. In a mesh flannel encrypts pod traffic with WireGuard, else it uses VXLAN. */
  readonly fabric: Fabric;
  /** The address ranges of the servers' private network, of pods, and of Services. */
  readonly network: { readonly servers: string; readonly pods: string; readonly services: string };
  /** The addresses of all nodes, at which they reach each other. */
  readonly nodeAddresses: readonly string[];
  /** The addresses of the etcd members. */
  readonly etcdAddresses: readonly string[];
  /** The names and addresses in the API's certificate: of the domain, the front, and the control-plane servers. */
  readonly apiNames: readonly string[];
  /** Whether Hetzner's cloud controller runs in the cluster. It then sets the nodes' addresses and topology labels. */
  readonly cloudController: boolean;
  /** The issuer whose tokens the API accepts. @default certificates and service accounts only */
  readonly oidc?: Oidc | undefined;
  /** Addresses that nodes ask for the images of a registry before it, by registry. @default the registries alone */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>;
}

/** The address at which other nodes reach this one. */
export function clusterAddress({ privateAddress, publicAddress }: K3sHost): string {
  return privateAddress ?? publicAddress;
}
