import type { EdgeServer } from "./haproxy-config";

export interface KeepalivedArgs {
  /** The server that this keepalived runs on; its number within its location is part of its name. */
  readonly server: EdgeServer & { readonly number: number };

  /** All servers that may hold the floating IP, this one among them, in one private network. */
  readonly servers: readonly EdgeServer[];

  /** Tells this election from others in the same network. */
  readonly virtualRouterId: number;

  readonly floatingIp: {
    /** Its id at Hetzner, a number. */
    readonly id: string;
    readonly address: string;
  };

  /** A token of Hetzner's API that may assign the floating IP. It lies in a file of root's alone. */
  readonly token: string;

  /** Hetzner's API. @default "https://api.hetzner.cloud/v1" */
  readonly api?: string;

  /** Where a server learns its own id. @default Hetzner's metadata service */
  readonly metadata?: string;
}

export const NOTIFY_SCRIPT = "/usr/local/sbin/trellis-floating-ip";
export const CHECK_SCRIPT = "/usr/local/lib/trellis/haproxy-answers";
export const SCRIPT_USER = "keepalived_script";

/** Stands for the interface, whose name only the server knows. */
export const INTERFACE = "@INTERFACE@";

/**
 * keepalived.conf for one server, but for the name of its interface. Nobody is born master, and nobody takes the
 * address back from a healthy holder: each move costs all sessions through it.
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

/** 255 belongs to the owner of an address, 0 to a master that resigns; ours are 1 to 254. */
const HIGHEST_PRIORITY = 254;

/**
 * From the server's own number, so that no other server's coming or going changes it. Servers of the same number in
 * two locations tie; VRRP then prefers the higher address.
 */
export function priorityOf({ number }: { readonly number: number }): number {
  return Math.max(1, HIGHEST_PRIORITY - number);
}

/** Hetzner's networks carry no multicast. A lone server has nobody to elect with, and keepalived no unicast to nobody. */
function unicast(own: string, peers: readonly string[]): string {
  if (peers.length === 0) return "";
  return `  unicast_src_ip ${own}\n  check_unicast_src\n${block("unicast_peer", peers)}`;
}

function block(name: string, lines: readonly string[]): string {
  return `  ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}
