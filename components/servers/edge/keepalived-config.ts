import type { EdgeServer } from "./haproxy-config";

export interface KeepalivedArgs {
  /** The server that this keepalived runs on. Its number within its location determines its priority. */
  readonly server: EdgeServer & { readonly number: number };

  /** All servers that may hold the floating IP, including this one. They are in one private network. */
  readonly servers: readonly EdgeServer[];

  /** The VRRP group, 1 to 255. No other keepalived group in the same network may use the same number. */
  readonly virtualRouterId: number;

  /** The floating IP that keepalived moves to the elected server. */
  readonly floatingIp: {
    /** Its id at Hetzner, a number. */
    readonly id: string;
    /** Its IPv4 address. */
    readonly address: string;
  };

  /** A Hetzner API token that may assign the floating IP. It is stored in a file that only root can read. */
  readonly token: string;

  /** URL of Hetzner's API. @default "https://api.hetzner.cloud/v1" */
  readonly api?: string;

  /** URL of the metadata service, from which a server reads its own id. @default Hetzner's metadata service */
  readonly metadata?: string;
}

export const NOTIFY_SCRIPT = "/usr/local/sbin/trellis-floating-ip";
export const CHECK_SCRIPT = "/usr/local/lib/trellis/haproxy-answers";
export const SCRIPT_USER = "keepalived_script";

/** Placeholder for the interface, whose name is known on the server only. */
export const INTERFACE = "@INTERFACE@";

/**
 * Renders keepalived.conf for one server, with a placeholder for the name of its interface. All servers start as
 * backups and do not preempt a healthy master, because each move of the address cuts all sessions through it.
 */
export function keepalivedConfig({ server, servers, virtualRouterId, floatingIp }: KeepalivedArgs): string {
  const peers = servers.filter(({ name }) => name !== server.name).map(({ address }) => address);
  return `# keepalived of ${server.name}, rendered by Trellis.

global_defs {
  router_id ${server.name}
  vrrp_version 3
  max_auto_priority
  enable_script_security
  script_user ${SCRIPT_USER}
}

vrrp_script haproxy_answers {
  script "${CHECK_SCRIPT}"
  interval 2
  timeout 2
  fall 2
  rise 2
  # A server that boots proves first that its HAProxy answers.
  init_fail
  # Without a weight: a failure is a fault, whatever the priorities are.
}

vrrp_instance edge {
  state BACKUP
  nopreempt
  interface ${INTERFACE}
  virtual_router_id ${virtualRouterId}
  priority ${priorityOf(server)}
  advert_int 1
${unicast(server.address, peers)}  # On lo: Hetzner routes the address to the server that its API names, and no neighbour asks for it.
${block("virtual_ipaddress", [`${floatingIp.address}/32 dev lo`])}${block("track_script", ["haproxy_answers"])}  notify "${NOTIFY_SCRIPT}" root
}
`;
}

/** VRRP reserves 255 for the owner of an address and 0 for a master that resigns; ours are 1 to 254. */
const HIGHEST_PRIORITY = 254;

/**
 * The priority depends on the server's own number only, so adding or removing other servers does not change it. Servers
 * with the same number in two locations have the same priority; VRRP then prefers the higher address.
 */
export function priorityOf({ number }: { readonly number: number }): number {
  return Math.max(1, HIGHEST_PRIORITY - number);
}

/** Hetzner's networks carry no multicast, so VRRP uses unicast. A single server has no peers and gets no such block. */
function unicast(own: string, peers: readonly string[]): string {
  if (peers.length === 0) return "";
  return `  unicast_src_ip ${own}\n  check_unicast_src\n${block("unicast_peer", peers)}`;
}

function block(name: string, lines: readonly string[]): string {
  return `  ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}
