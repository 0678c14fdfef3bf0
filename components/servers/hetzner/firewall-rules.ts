import type { Fabric } from "../../settings";
import { NODE_PORT_RANGE, SERVER_PORTS } from "../../shared/address-plan";
import { UserError } from "../../shared/user-error";

/** Hetzner's limits for one firewall (API reference, "Create a Firewall"). */
const MOST_SOURCES_A_RULE = 100;
const MOST_RULES = 50;

const EVERYONE = ["0.0.0.0/0", "::/0"] as const;

export interface FirewallArgs {
  /** The ranges that administrators come from. */
  readonly administrators: readonly string[];

  /**
   * How the servers reach each other. Hetzner's firewalls see public traffic alone: a private network needs no rule,
   * and a rule could not protect it.
   */
  readonly fabric: Fabric;

  /** The public addresses of all servers. */
  readonly servers: readonly string[];

  /** Whether the web comes straight to the servers, or by the private network from a load balancer. */
  readonly webFrom: "everyone" | "load-balancer";
}

/** A rule for traffic to the servers; there are none for traffic from them, which is all let out. */
export interface FirewallRule {
  readonly description: string;
  readonly direction: "in";
  readonly protocol: "tcp" | "udp" | "icmp";
  /** A port or a range of ports, such as `80` and `2379-2381`. */
  readonly port?: string;
  readonly sourceIps: string[];
}

type Opening = Pick<FirewallRule, "description" | "protocol" | "port">;

const FOR_EVERYONE: readonly Opening[] = [
  // Without it, path MTU discovery fails and large packets vanish.
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

/** What servers of a mesh say to each other over public addresses; all of it is encrypted and authenticated. */
const FOR_PEERS: readonly Opening[] = [
  {
    description: "etcd: clients, peers, figures",
    protocol: "tcp",
    port: `${SERVER_PORTS.etcdClient}-${SERVER_PORTS.etcdMetrics}`,
  },
  {
    description: "Kubernetes API: HAProxy, K3s",
    protocol: "tcp",
    port: `${SERVER_PORTS.kubernetesApi}-${SERVER_PORTS.apiServer}`,
  },
  { description: "HAProxy: figures", protocol: "tcp", port: `${SERVER_PORTS.haproxyStatus}` },
  { description: "node exporter", protocol: "tcp", port: `${SERVER_PORTS.nodeExporter}` },
  { description: "kubelet", protocol: "tcp", port: `${SERVER_PORTS.kubelet}` },
  { description: "NodePorts: ingress, Patroni", protocol: "tcp", port: NODE_PORT_RANGE },
  { description: "WireGuard between the pods", protocol: "udp", port: `${SERVER_PORTS.wireguard}` },
];

/** What may reach the servers from the public network; all else is dropped. */
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

/** One rule for each opening, or several where a rule cannot hold all sources. */
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
