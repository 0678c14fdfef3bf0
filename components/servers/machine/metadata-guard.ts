import type { MachineFile } from "./part";

export const METADATA_GUARD_UNIT = "trellis-metadata-guard.service";

const RULES = "/etc/trellis/metadata-guard.nft";

/** Loads the rules, whether or not they are loaded already; fails where it cannot. */
export const LOAD_METADATA_GUARD = `/usr/sbin/nft -f ${RULES}`;

/**
 * Blocks the metadata addresses, which serve the user data with all its keys, for everything but root's processes: for
 * pods, whose packets are forwarded, and for other users of the machine. Hetzner's cloud-init reads the IPv6 address
 * too; that is a link-local one, which is not forwarded, but pods in the host's network reach it. The rules are in a
 * table of their own, so rules of K3s or a host firewall cannot override them.
 *
 * The unit loads the rules before the network is up. K3s loads them again whenever it starts, and does not start where
 * that fails, so no pod runs without them. It does not require the unit: then a restart of the guard would restart
 * K3s, and a guard that failed once would keep K3s from starting until a person acts.
 */
export function metadataGuard(): MachineFile[] {
  return [
    { path: RULES, content: rules() },
    { path: `/etc/systemd/system/${METADATA_GUARD_UNIT}`, content: unit() },
  ];
}

function rules(): string {
  return `#!/usr/sbin/nft -f
# Made anew as one transaction; the first line is there for the delete to find something.
table inet trellis_metadata
delete table inet trellis_metadata
table inet trellis_metadata {
  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    ip daddr 169.254.169.254 counter reject with icmp type admin-prohibited
    ip6 daddr fe80::a9fe:a9fe counter reject with icmpv6 type admin-prohibited
  }
  chain output {
    type filter hook output priority filter - 5; policy accept;
    ip daddr 169.254.169.254 meta skuid != 0 counter reject with icmp type admin-prohibited
    ip6 daddr fe80::a9fe:a9fe meta skuid != 0 counter reject with icmpv6 type admin-prohibited
  }
}
${SSH_LIMIT}`;
}

/** Servers have no public IPv6 address. Whoever guesses keys or fills sshd's slots gets no more attempts than this. */
const SSH_LIMIT = `table inet trellis_ssh
delete table inet trellis_ssh
table inet trellis_ssh {
  set recent { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  chain input {
    type filter hook input priority filter - 5; policy accept;
    tcp dport 22 ct state new update @recent { ip saddr limit rate over 20/minute burst 20 packets } counter reject with tcp reset
  }
}
`;

function unit(): string {
  return `[Unit]
Description=Close the metadata address to everybody but root, and limit connections to SSH
DefaultDependencies=no
After=nftables.service ufw.service local-fs.target
# A start of nftables.service may flush all rules.
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=network-pre.target
Wants=network-pre.target
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${LOAD_METADATA_GUARD}
ExecReload=${LOAD_METADATA_GUARD}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}
