import type { MachineFile } from "./part";

export const METADATA_GUARD_UNIT = "trellis-metadata-guard.service";

const RULES = "/etc/trellis/metadata-guard.nft";

/**
 * Blocks the metadata address, which serves the user data with all its keys, for everything but root's processes: for
 * pods, whose packets are forwarded, and for other users of the machine. The rules are in a table of their own, so
 * rules of K3s or a host firewall cannot override them. They load before K3s, which does not start without them.
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
  }
  chain output {
    type filter hook output priority filter - 5; policy accept;
    ip daddr 169.254.169.254 meta skuid != 0 counter reject with icmp type admin-prohibited
  }
}
`;
}

function unit(): string {
  return `[Unit]
Description=Close the metadata address to everybody but root
DefaultDependencies=no
After=nftables.service ufw.service local-fs.target
Before=network-pre.target
Wants=network-pre.target
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${RULES}
ExecReload=/usr/sbin/nft -f ${RULES}

[Install]
WantedBy=multi-user.target
`;
}
