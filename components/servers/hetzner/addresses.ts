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
  /** The cluster's name, in names and labels. */
  readonly cluster: string;

  readonly target: HetznerTarget;
}

/** What a server is created in: addresses, network, firewall, SSH keys. */
export interface ServerEnvironment {
  /** The primary IPs, by the names of the servers. */
  readonly primaryIpIds: Readonly<Record<string, pulumi.Output<number>>>;
  /** By the groups' names; see placement.ts. */
  readonly placementGroupIds: Readonly<Record<string, pulumi.Output<number>>>;
  readonly firewallId: pulumi.Output<number>;
  /** Absent in a mesh over public addresses. */
  readonly network: { readonly id: pulumi.Output<number>; readonly subnet: pulumi.Resource } | undefined;
  readonly sshKeys: readonly hcloud.SshKey[];
  /** By names, not by ids: a key is then no input of the servers, and replacing it can replace none of them. */
  readonly sshKeyNames: readonly string[];
}

/** All that exists before the first server: addresses, the private network, the firewall, keys, placement groups. */
export class Addresses extends pulumi.ComponentResource {
  /** The public addresses, by the names of the servers. A server that is replaced keeps its own. */
  readonly publicAddress: Readonly<Record<string, pulumi.Output<string>>>;
  /** The address in front of all servers; absent where DNS names each of them. */
  readonly front: pulumi.Output<string> | undefined;
  /** Where administrators reach the Kubernetes API. */
  readonly api: pulumi.Output<string>;
  readonly floatingIpId: pulumi.Output<string> | undefined;
  /** The private address from which a load balancer speaks to HAProxy. */
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

  /** Without an assignee: the server that takes it says so, and `assigneeType` alone draws a warning. */
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
    // Their number follows from that of the servers: too many are refused before anything is made.
    const rules = rulesFor(nodes.map((node) => node.name));
    const addresses = nodes.map((node) => this.publicAddress[node.name] ?? missing(node));
    return new hcloud.Firewall(
      `${name}-firewall`,
      {
        name: cluster,
        // Without peers the rules are known at once, and a preview does not announce a change that will be none.
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
          // Hetzner wants each name once, so the old key goes before the new one comes.
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
