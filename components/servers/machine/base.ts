import { CERTIFICATES_TIMER, certificateWatch } from "./certificates";
import { RESERVE_GROUP, reserveDisk } from "./disk-reserve";
import { METADATA_GUARD_UNIT, metadataGuard } from "./metadata-guard";
import type { MachineFile, MachinePart } from "./part";
import { certificateRenewal } from "./renewal";

export interface BaseMachineArgs {
  /** The hour of the day (UTC) at which K3s may restart to renew its certificates. @default 2 */
  readonly maintenanceHour?: number;
}

/**
 * The base of every machine: SSH logins by key only, automatic security updates, time from Hetzner's servers, one log
 * with a limit, no swap, the metadata guard, certificates that are watched, a part of the disk for etcd and PostgreSQL.
 */
export function baseMachine({ maintenanceHour = 2 }: BaseMachineArgs = {}): MachinePart {
  return {
    name: "base",
    packages: [
      "ca-certificates",
      "curl",
      "iproute2",
      "jq",
      "nftables",
      "openssl",
      "systemd-timesyncd",
      "unattended-upgrades",
    ],
    directories: [{ path: "/etc/trellis" }, { path: "/usr/local/lib/trellis" }],
    files: [
      { path: "/usr/local/lib/trellis/interface-of", mode: "0755", content: interfaceOf() },
      { path: "/etc/ssh/sshd_config.d/10-trellis.conf", mode: "0600", content: sshd() },
      { path: "/etc/apt/apt.conf.d/60trellis", content: upgrades() },
      { path: "/etc/sysctl.d/60-trellis.conf", content: sysctls() },
      { path: "/etc/systemd/journald.conf.d/60-trellis.conf", content: journal() },
      ...withoutRsyslog(),
      { path: "/etc/systemd/timesyncd.conf.d/60-trellis.conf", content: timeServers() },
      certificateRenewal(),
      ...certificateWatch(maintenanceHour),
      ...metadataGuard(),
    ],
    setup: `# The kubelet accounts for memory without swap.
swapoff -a
sed -i '/^[^#].*[[:space:]]swap[[:space:]]/d' /etc/fstab
systemctl restart systemd-sysctl.service
systemctl enable ${METADATA_GUARD_UNIT}
systemctl restart ${METADATA_GUARD_UNIT}
systemctl restart systemd-journald.service
systemctl stop rsyslog.service || :
systemctl enable systemd-timesyncd.service
systemctl restart systemd-timesyncd.service
# sshd checks itself only where its directory is, which a socket-activated one makes late.
mkdir -p /run/sshd
sshd -t
systemctl try-reload-or-restart ssh.service
systemctl enable --now apt-daily.timer apt-daily-upgrade.timer ${CERTIFICATES_TIMER}
# Keys are the only way in.
passwd --quiet --lock root
# Who fills the disk must not stop etcd or PostgreSQL.
${RESERVE_GROUP}${reserveDisk()}`,
  };
}

/**
 * A script that finds an interface by its address, because the names differ between server types and images. The
 * interface of the private network may appear long after the others.
 */
function interfaceOf(): string {
  return `#!/bin/sh
# Prints the interface that holds an address, or one of a range, as soon as there is one:
#   interface-of 10.0.1.10 [seconds, 120 by default]     interface-of 10.0.0.0/16
set -eu
[ "$#" -ge 1 ] || {
  echo "usage: interface-of ADDRESS|RANGE [SECONDS]" >&2
  exit 2
}
deadline=$(($(date +%s) + \${2:-120}))
while :; do
  addresses=$(ip -o -4 address show to "$1")
  if [ -n "$addresses" ]; then
    printf '%s\\n' "$addresses" | awk 'NR == 1 { print $2 }'
    exit 0
  fi
  [ "$(date +%s)" -lt "$deadline" ] || break
  sleep 1
done
echo "interface-of: no interface holds an address of $1" >&2
exit 1
`;
}

function sshd(): string {
  return `# Keys only. The first setting of a name counts, so this file comes before the image's own.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PermitEmptyPasswords no
MaxAuthTries 3
# Connections that have not logged in: of one address, and of all.
PerSourceMaxStartups 3
MaxStartups 10:30:60
LoginGraceTime 30
X11Forwarding no
# The fingerprint of the key of each login.
LogLevel VERBOSE
AllowAgentForwarding no
ClientAliveInterval 60
ClientAliveCountMax 5
`;
}

/**
 * Automatic security updates at night, which keep our configuration files. apt never reboots a server: if three did so at
 * the same time, the cluster would lose its quorum. kured does, one after another (components/cluster/add-ons/reboots.ts).
 */
function upgrades(): string {
  return `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
`;
}

/**
 * The kernel sends redirects where `all` or the interface says so, so every interface needs the setting. systemd-sysctl
 * applies a pattern at boot to all interfaces that exist, and udev has it apply the pattern to each that is added.
 */
function sysctls(): string {
  return `# No redirects and no source routes; strict paths are left alone, which tunnels between pods need.
net.ipv4.conf.*.accept_redirects = 0
net.ipv4.conf.*.send_redirects = 0
net.ipv4.conf.*.accept_source_route = 0
-net.ipv6.conf.*.accept_redirects = 0
net.ipv4.tcp_syncookies = 1
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.unprivileged_bpf_disabled = 1
fs.suid_dumpable = 0
-net.core.bpf_jit_harden = 2
fs.protected_fifos = 2
fs.protected_regular = 2
`;
}

function journal(): string {
  return `[Journal]
Storage=persistent
SystemMaxUse=1G
ForwardToSyslog=no
`;
}

/** Ubuntu's rsyslog copies the journal to files without a limit. A unit without content is masked. */
function withoutRsyslog(): MachineFile[] {
  return ["rsyslog.service", "syslog.socket"].map((unit) => ({
    path: `/etc/systemd/system/${unit}`,
    content: "",
  }));
}

/** Hetzner's public time servers. timesyncd asks Ubuntu's where none of them answers. */
function timeServers(): string {
  return `[Time]
NTP=ntp1.hetzner.de ntp2.hetzner.com ntp3.hetzner.net
`;
}
