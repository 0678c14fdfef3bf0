import type { Fabric } from "../../settings";
import { NODE_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import { UserError } from "../../shared/user-error";

/** Hetzner's limits for one firewall (API reference, "Create a Firewall"). */
const MOST_SOURCES_A_RULE = 100;
const MOST_RULES = 50;

const EVERYONE = ["0.0.0.0/0", "::/0"] as const;

export interface FirewallArgs {
  /** The source ranges that can reach SSH and the Kubernetes API. */
  readonly administrators: readonly string[];

  /**
   * How the servers reach each other. Hetzner's firewalls filter public traffic only: a private network needs no
   * rules, and rules could not protect it.
   */
  readonly fabric: Fabric;

  /** The public addresses of all servers. In a mesh they may reach each other's ports. */
  readonly servers: readonly string[];

  /** The source of HTTP and HTTPS: everyone, or a load balancer in the private network, which needs no rule. */
  readonly webFrom: "everyone" | "load-balancer";
}

/** A rule for inbound traffic. There are no outbound rules, so all outbound traffic is allowed. */
export interface FirewallRule {
  readonly description: string;
  readonly direction: "in";
  readonly protocol: "tcp" | "udp" | "icmp";
  /** A port or a range of ports, such as `80` and `2379-2380`. @default none, for ICMP */
  readonly port?: string;
  readonly sourceIps: string[];
}

type Opening = Pick<FirewallRule, "description" | "protocol" | "port">;

const FOR_EVERYONE: readonly Opening[] = [
  // Without ICMP, path MTU discovery fails and large packets are lost.
  { description: "ICMP", protocol: "icmp" },
];
const WEB: readonly Opening[] = [
  { description: "HTTP", protocol: "tcp", port: `${SERVER_PORTS.http}` },
  { description: "HTTPS", protocol: "tcp", port: `${SERVER_PORTS.https}` },
];
const FOR_ADMINISTRATORS: readonly Opening[] = [
  { description: "SSH", protocol: "tcp", port: "22" },
  { description: "Kubernetes API", protocol: "tcp", port: `${SERVER_PORTS.kubernetesApi}` },
];

/** `postgres.replicas` allows no more. Each member has NodePorts of its own, counted from the first member's. */
const MOST_MEMBERS = 9;

/**
 * Traffic between the servers of a mesh, over public addresses. All of it is encrypted, also the metrics of HAProxy
 * (8404) and of the node exporter (9100), which Prometheus scrapes on the host over TLS.
 */
const FOR_PEERS: readonly Opening[] = [
  {
    description: "etcd: clients, peers",
    protocol: "tcp",
    port: `${SERVER_PORTS.etcdClient}-${SERVER_PORTS.etcdPeer}`,
  },
  {
    description: "Kubernetes API: HAProxy, K3s",
    protocol: "tcp",
    port: `${SERVER_PORTS.kubernetesApi}-${SERVER_PORTS.apiServer}`,
  },
  { description: "HAProxy: figures", protocol: "tcp", port: `${SERVER_PORTS.haproxyStatus}` },
  { description: "node exporter", protocol: "tcp", port: `${SERVER_PORTS.nodeExporter}` },
  { description: "kubelet", protocol: "tcp", port: `${SERVER_PORTS.kubelet}` },
  {
    description: "NodePorts: Patroni",
    protocol: "tcp",
    port: `${NODE_PORTS.patroniRest}-${NODE_PORTS.patroniRest + MOST_MEMBERS - 1}`,
  },
  {
    // From the first member to the ingress: one rule, because Hetzner limits their number.
    description: "NodePorts: PostgreSQL, HTTPS",
    protocol: "tcp",
    port: `${NODE_PORTS.postgres}-${NODE_PORTS.https}`,
  },
  { description: "WireGuard between the pods", protocol: "udp", port: `${SERVER_PORTS.wireguard}` },
];

/** The rules for traffic from the public network. The firewall drops all other inbound traffic. */
export function firewallRules({ administrators, fabric, servers, webFrom }: FirewallArgs): FirewallRule[] {
  const peers = fabric === "mesh" ? servers.map((address) => `${address}/32`) : [];
  const rules = [
    ...openings(FOR_EVERYONE, EVERYONE),
    ...(webFrom === "everyone" ? openings(WEB, EVERYONE) : []),
    ...openings(FOR_ADMINISTRATORS, administrators),
    ...openings(FOR_PEERS, peers),
  ];
  if (rules.length > MOST_RULES) {
    throw new UserError(
      `target.servers: a mesh of ${servers.length} servers needs ${rules.length} firewall rules, each for at most ` +
        `${MOST_SOURCES_A_RULE} servers; a Hetzner firewall holds at most ${MOST_RULES}. Use fewer servers, or only one network zone.`,
    );
  }
  return rules;
}

/** One rule for each opening, or several if the sources exceed the limit of one rule. */
function openings(wanted: readonly Opening[], sources: readonly string[]): FirewallRule[] {
  return wanted.flatMap((opening) =>
    chunks([...new Set(sources)]).map(
      (sourceIps): FirewallRule => ({ ...opening, direction: "in", sourceIps }),
    ),
  );
}

function chunks(sources: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(sources.length / MOST_SOURCES_A_RULE) }, (_, index) =>
    sources.slice(index * MOST_SOURCES_A_RULE, (index + 1) * MOST_SOURCES_A_RULE),
  );
}
