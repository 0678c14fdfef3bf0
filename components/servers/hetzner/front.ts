import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { addressIn, type Edge, type HetznerTarget, type Node } from "../../settings";
import { balancedPorts, checkBalancedServers } from "./balanced-services";
import { clusterLabels, selectorOf } from "./labels";

export interface FrontArgs {
  /** The cluster's name. Names and labels of all resources contain it. */
  readonly cluster: string;

  /** Whether to create a floating IP or a load balancer, the source ranges of administrators, and the protection. */
  readonly target: Pick<HetznerTarget, "access" | "network" | "protection"> & {
    readonly edge: Exclude<Edge, { kind: "dns" }>;
  };

  /** All servers. The first determines the location of a floating IP, or the network zone of a load balancer. */
  readonly nodes: readonly Node[];

  /** The private network and its subnet, through which a load balancer reaches the servers. */
  readonly network: { readonly id: pulumi.Input<number>; readonly subnet: pulumi.Resource };
}

/** Creates the one public address of all servers: a floating IP that keepalived moves, or a load balancer. */
export class Front extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;
  /** The id with which keepalived assigns the address to the elected server; undefined with a load balancer. */
  readonly floatingIpId: pulumi.Output<string> | undefined;

  constructor(name: string, args: FrontArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:hetzner:Front", name, {}, opts);
    const { edge } = args.target;

    if (edge.kind === "floating-ip") {
      const ip = this.#floatingIp(name, args);
      this.address = ip.ipAddress;
      this.floatingIpId = ip.id;
    } else {
      checkBalancedServers(edge.type, args.nodes.length);
      this.address = this.#loadBalancer(name, args, edge.type).ipv4;
      this.floatingIpId = undefined;
    }
    this.registerOutputs({ address: this.address, floatingIpId: this.floatingIpId });
  }

  #floatingIp(name: string, { cluster, target, nodes }: FrontArgs): hcloud.FloatingIp {
    const [first] = nodes;
    if (!first) throw new Error("a cluster needs at least one server");
    return new hcloud.FloatingIp(
      `${name}-floating-ip`,
      {
        name: cluster,
        type: "ipv4",
        homeLocation: first.location,
        labels: clusterLabels(cluster),
        deleteProtection: target.protection,
      },
      {
        parent: this,
        protect: target.protection,
        // keepalived changes the server at run time. The home location stays even if its server is removed, because a
        // new location means a new address.
        ignoreChanges: ["serverId", "homeLocation"],
      },
    );
  }

  #loadBalancer(name: string, args: FrontArgs, type: string): hcloud.LoadBalancer {
    const { cluster, target, nodes, network } = args;
    const child = { parent: this };
    const [first] = nodes;
    if (!first) throw new Error("a cluster needs at least one server");

    const balancer = new hcloud.LoadBalancer(
      name,
      {
        name: cluster,
        loadBalancerType: type,
        networkZone: first.zone,
        algorithm: { type: "least_connections" },
        labels: clusterLabels(cluster),
        deleteProtection: target.protection,
      },
      { parent: this, protect: target.protection },
    );
    const loadBalancerId = balancer.id.apply(Number);
    const attachment = new hcloud.LoadBalancerNetwork(
      `${name}-network`,
      { loadBalancerId, networkId: network.id, ip: balancerAddress(target.network) },
      { parent: this, dependsOn: network.subnet },
    );
    // Select the targets by label: without servers as inputs, replacing a server does not change the load balancer.
    new hcloud.LoadBalancerTarget(
      `${name}-servers`,
      { loadBalancerId, type: "label_selector", labelSelector: selectorOf(cluster), usePrivateIp: true },
      { parent: this, dependsOn: attachment },
    );
    for (const port of balancedPorts(target.access.from)) {
      new hcloud.LoadBalancerService(
        `${name}-${port}`,
        {
          loadBalancerId: balancer.id,
          protocol: "tcp",
          listenPort: port,
          destinationPort: port,
          proxyprotocol: true,
          healthCheck: { protocol: "tcp", port, interval: 5, timeout: 3, retries: 2 },
        },
        child,
      );
    }
    return balancer;
  }
}

/** The load balancer's address in the private network: after the gateway's and before those of all servers. */
export function balancerAddress(network: HetznerTarget["network"]): string {
  return addressIn(network.servers, 2);
}
