#!/bin/bash
# Runs on a server as root and changes nothing. Prints a line for each promise, its fields separated by tabs:
#   kept PROMISE      broken PROMISE REASON
set -u

judge() { # promise, command that prints why it is broken, or nothing
  local promise=$1 reason
  shift
  reason=$("$@" 2>&1 | head -n 5 | tr '\t\n' '  ' | sed 's/ *$//')
  if [ -z "$reason" ]; then printf 'kept\t%s\n' "$promise"; else printf 'broken\t%s\t%s\n' "$promise" "$reason"; fi
}

has() { systemctl cat "$1" >/dev/null 2>&1; }

first_boot() { [ -e /var/lib/trellis/ready ] || journalctl --unit trellis-first-boot --output cat --lines 3 --no-pager; }

units() {
  local unit state
  for unit in trellis-metadata-guard.service ssh.service haproxy.service k3s.service keepalived.service etcd.service \
    etcd-access.timer etcd-snapshot.timer etcd-defragment.timer trellis-certificates.timer; do
    has "$unit" || continue
    state=$(systemctl is-active "$unit")
    # With socket activation sshd has no process until somebody connects.
    [ "$unit" != ssh.service ] || [ "$state" = active ] || state=$(systemctl is-active ssh.socket)
    [ "$state" = active ] || echo "$unit is $state"
  done
  systemctl --failed --plain --no-legend
}

configuration() {
  [ -e /var/lib/trellis/files.tar.gz ] || { echo "the archive of the first boot is missing"; return; }
  # Certificates are renewed in place, and K3s rewrites its own state.
  tar --diff --gzip --file /var/lib/trellis/files.tar.gz --directory / 2>&1 |
    grep -v -e 'Mod time differs' -e '^var/lib/rancher/' -e '^etc/.*\.\(crt\|key\): '
}

etcd_members() { trellis-etcd ctl endpoint health 2>&1 | grep -v 'is healthy'; }
etcd_authentication() {
  trellis-etcd ctl auth status 2>&1 | grep -q 'Authentication Status: true' || echo "authentication is off, or etcd does not answer"
}

stranger() { setpriv --reuid=65534 --regid=65534 --clear-groups curl --silent --max-time 3 --output /dev/null "$1" && echo "$1 answers to nobody"; }
metadata() {
  local interface
  interface=$(ip -o route show default | awk '{ print $5; exit }')
  stranger http://169.254.169.254/hetzner/v1/metadata
  stranger "http://[fe80::a9fe:a9fe%25$interface]/hetzner/v1/metadata"
  for chain in forward output; do
    for address in 169.254.169.254 fe80::a9fe:a9fe; do
      nft list chain inet trellis_metadata "$chain" 2>/dev/null | grep -q "daddr $address .*reject" ||
        echo "no rule of $chain rejects $address"
    done
  done
}

clock() { [ "$(timedatectl show --property NTPSynchronized --value)" = yes ] || echo "no time server has answered"; }

ssh_logins() {
  local given
  given=$(sshd -T) || { echo "sshd refuses its configuration"; return; }
  for wanted in "passwordauthentication no" "kbdinteractiveauthentication no" "permitemptypasswords no" \
    "permitrootlogin without-password" "x11forwarding no"; do
    grep -qx "$wanted" <<<"$given" || echo "sshd: not '$wanted'"
  done
  nft list set inet trellis_ssh recent >/dev/null 2>&1 || echo "no rule limits new connections"
}
passwords() { awk -F : '$2 !~ /^[!*]/ { print $1 " can log in with a password" }' /etc/shadow; }

updates() {
  apt-config dump | grep -q 'APT::Periodic::Unattended-Upgrade "1"' || echo "unattended upgrades are off"
  for timer in apt-daily.timer apt-daily-upgrade.timer; do
    systemctl is-active --quiet "$timer" || echo "$timer is not active"
  done
}
reboot() { [ ! -e /run/reboot-required ] || sort -u /run/reboot-required.pkgs 2>/dev/null || echo "a reboot is pending"; }
swap() { tail -n +2 /proc/swaps; }
apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || echo "the kernel runs without AppArmor"; }

certificates() {
  local file
  for file in /etc/etcd/tls/*.crt /etc/rancher/k3s/etcd/*.crt /var/lib/rancher/k3s/server/tls/*.crt /var/lib/rancher/k3s/agent/*.crt; do
    [ ! -e "$file" ] || openssl x509 -in "$file" -noout -checkend $((45 * 86400)) >/dev/null ||
      echo "$file expires $(openssl x509 -in "$file" -noout -enddate | cut -d = -f 2)"
  done
}

judge "the first boot has ended" first_boot
judge "all units are active" units
judge "files are as the first boot wrote them" configuration
if has etcd.service; then
  judge "every member of etcd is healthy" etcd_members
  judge "authentication of etcd is on" etcd_authentication
fi
judge "only root reaches the metadata, by IPv4 and IPv6" metadata
judge "the clock is synchronised" clock
judge "SSH takes keys only, and few connections a minute" ssh_logins
judge "nobody has a password" passwords
judge "security updates install themselves" updates
judge "no update waits for a reboot" reboot
judge "swap is off" swap
judge "AppArmor is on" apparmor
judge "no certificate expires within 45 days" certificates
