import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { fabricOf, type HetznerTarget, hasRole, type Node, nodesOf } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import { balancedPorts } from "./balanced-services";
import { firewallRules } from "./firewall-rules";
import { balancerAddress, Front } from "./front";
import { clusterLabels } from "./labels";
import { placementGroups } from "./placement";

export interface AddressesArgs {
  /** The cluster's name. Names and labels of all resources contain it. */
  readonly cluster: string;

  /** The servers, their network, the edge, SSH keys with the allowed source ranges, and the protection. */
  readonly target: HetznerTarget;
}

/** What a server is created in: addresses, network, firewall, SSH keys. */
export interface ServerEnvironment {
  /** The primary IPs, by server name. */
  readonly primaryIpIds: Readonly<Record<string, pulumi.Output<number>>>;
  /** The placement groups, by name of the group; see placement.ts. */
  readonly placementGroupIds: Readonly<Record<string, pulumi.Output<number>>>;
  /** The firewall that is attached to every server. */
  readonly firewallId: pulumi.Output<number>;
  /** The private network; undefined in a mesh over public addresses. */
  readonly network: { readonly id: pulumi.Output<number>; readonly subnet: pulumi.Resource } | undefined;
  /** The SSH keys, which must exist before the servers. */
  readonly sshKeys: readonly hcloud.SshKey[];
  /** Names, not ids: ids would make the keys inputs of the servers, and replacing a key could replace servers. */
  readonly sshKeyNames: readonly string[];
}

/**
 * Creates what must exist before the first server: primary IPs, the private network, the floating IP or load balancer,
 * the firewall, SSH keys and placement groups. Certificates and user data contain the addresses.
 */
export class Addresses extends pulumi.ComponentResource {
  /** The public addresses, by server name. A replaced server keeps its address. */
  readonly publicAddress: Readonly<Record<string, pulumi.Output<string>>>;
  /** The address of the floating IP or load balancer; undefined if DNS lists the servers themselves. */
  readonly front: pulumi.Output<string> | undefined;
  /** The address at which administrators reach the Kubernetes API. */
  readonly api: pulumi.Output<string>;
  readonly floatingIpId: pulumi.Output<string> | undefined;
  /** The private source address of a load balancer's connections to HAProxy. */
  readonly balancerAddress: string | undefined;
  readonly environment: ServerEnvironment;

  constructor(name: string, args: AddressesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:hetzner:Addresses", name, {}, opts);
    const { cluster, target } = args;
    const nodes = nodesOf(target);
    const balanced = target.edge.kind === "load-balancer";

    const primaryIps = Object.fromEntries(
      nodes.map((node) => [node.name, this.#primaryIp(name, args, node)]),
    );
    const network = this.#network(name, args, nodes);
    const front = this.#front(name, args, nodes, network);
    const sshKeys = this.#sshKeys(name, args);

    this.publicAddress = mapValues(primaryIps, (ip) => ip.ipAddress);
    this.front = front?.address;
    this.floatingIpId = front?.floatingIpId;
    this.balancerAddress = balanced ? balancerAddress(target.network) : undefined;
    const passesTheApi = !balanced || balancedPorts(target.access.from).includes(SERVER_PORTS.kubernetesApi);
    this.api = (passesTheApi ? this.front : undefined) ?? this.#firstApiServer(nodes);
    this.environment = {
      primaryIpIds: mapValues(primaryIps, (ip) => ip.id.apply(Number)),
      placementGroupIds: this.#placementGroups(name, cluster, nodes),
      firewallId: this.#firewall(name, args, nodes).id.apply(Number),
      network,
      sshKeys,
      sshKeyNames: target.access.sshKeys.map((key) => keyName(cluster, key.name)),
    };
    this.registerOutputs({ publicAddress: this.publicAddress, front: this.front, api: this.api });
  }

  /** Without an assignee: the server refers to its IP, and `assigneeType` alone causes a warning. */
  #primaryIp(name: string, { cluster, target }: AddressesArgs, node: Node): hcloud.PrimaryIp {
    return new hcloud.PrimaryIp(
      `${name}-${node.name}`,
      {
        name: node.name,
        type: "ipv4",
        location: node.location,
        autoDelete: false,
        deleteProtection: target.protection,
        labels: clusterLabels(cluster),
      },
      { parent: this, protect: target.protection },
    );
  }

  #network(
    name: string,
    { cluster, target }: AddressesArgs,
    nodes: readonly Node[],
  ): ServerEnvironment["network"] {
    const [first] = nodes;
    if (!first || fabricOf(target.servers) === "mesh") return undefined;
    const network = new hcloud.Network(
      `${name}-network`,
      {
        name: cluster,
        ipRange: target.network.servers,
        labels: clusterLabels(cluster),
        deleteProtection: target.protection,
      },
      { parent: this, protect: target.protection },
    );
    const id = network.id.apply(Number);
    const subnet = new hcloud.NetworkSubnet(
      `${name}-subnet`,
      { networkId: id, type: "cloud", networkZone: first.zone, ipRange: target.network.servers },
      { parent: this, protect: target.protection },
    );
    return { id, subnet };
  }

  #front(
    name: string,
    { cluster, target }: AddressesArgs,
    nodes: readonly Node[],
    network: ServerEnvironment["network"],
  ): Front | undefined {
    const { edge } = target;
    if (edge.kind === "dns") return undefined;
    if (!network) throw new Error(`target.edge.kind: a ${edge.kind} needs a private network`);
    return new Front(
      `${name}-front`,
      { cluster, target: { ...target, edge }, nodes, network },
      { parent: this },
    );
  }

  #firewall(name: string, { cluster, target }: AddressesArgs, nodes: readonly Node[]): hcloud.Firewall {
    const fabric = fabricOf(target.servers);
    const rulesFor = (servers: readonly string[]) =>
      firewallRules({
        administrators: target.access.from,
        fabric,
        servers,
        webFrom: target.edge.kind === "load-balancer" ? "load-balancer" : "everyone",
      });
    // The number of rules depends only on the number of servers, so too many are refused before anything is created.
    const rules = rulesFor(nodes.map((node) => node.name));
    const addresses = nodes.map((node) => this.publicAddress[node.name] ?? missing(node));
    return new hcloud.Firewall(
      `${name}-firewall`,
      {
        name: cluster,
        // Without a mesh the rules contain no outputs. So a preview does not show a change of the rules that the
        // update then does not make.
        rules: fabric === "mesh" ? pulumi.all(addresses).apply(rulesFor) : rules,
        labels: clusterLabels(cluster),
      },
      { parent: this },
    );
  }

  #sshKeys(name: string, { cluster, target }: AddressesArgs): hcloud.SshKey[] {
    return target.access.sshKeys.map(
      (key) =>
        new hcloud.SshKey(
          `${name}-key-${key.name}`,
          { name: keyName(cluster, key.name), publicKey: key.publicKey, labels: clusterLabels(cluster) },
          // Hetzner requires unique names, so the old key must be deleted before the new one is created.
          { parent: this, deleteBeforeReplace: true },
        ),
    );
  }

  #placementGroups(
    name: string,
    cluster: string,
    nodes: readonly Node[],
  ): ServerEnvironment["placementGroupIds"] {
    const groups = placementGroups(nodes).map((group): [string, hcloud.PlacementGroup] => [
      group,
      new hcloud.PlacementGroup(
        `${name}-spread-${group}`,
        { name: `${cluster}-${group}`, type: "spread", labels: clusterLabels(cluster) },
        { parent: this },
      ),
    ]);
    return mapValues(Object.fromEntries(groups), (group) => group.id.apply(Number));
  }

  #firstApiServer(nodes: readonly Node[]): pulumi.Output<string> {
    const first = nodes.find(hasRole("control-plane"));
    return (first && this.publicAddress[first.name]) ?? missing(first);
  }
}

const keyName = (cluster: string, key: string) => `${cluster}-${key}`;

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  value: (item: T) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, value(item)]));
}

function missing(node: Node | undefined): never {
  throw new Error(`${node?.name ?? "a control plane"}: its public address is unknown`);
}
