import type { MachineFile } from "./part";

const RENEW = "/usr/local/sbin/trellis-renew-certificates";

/**
 * A script that installs a certificate bundle (`certificateBundle`) on a running machine, which reads its user data
 * only once. The script checks the whole bundle before it installs any of it.
 */
export function certificateRenewal(): MachineFile {
  return { path: RENEW, mode: "0755", content: script() };
}

function script(): string {
  return `#!/bin/sh
# Reads a certificate bundle (base64) and renews the certificates of this machine with it:
#   pulumi stack output --json --show-secrets certificateBundles | jq -r '."NODE"' | ssh root@NODE trellis-renew-certificates
set -eu
umask 077
fail() {
  printf 'trellis-renew-certificates: %s\\n' "$*" >&2
  exit 1
}
[ "$(id -u)" -eq 0 ] || fail "only root can read and write keys"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base64 -d >"$work/bundle.tar.gz" || fail "this is not a bundle: no base64"
mkdir "$work/new"
tar -xzf "$work/bundle.tar.gz" -C "$work/new" || fail "this is not a bundle: no archive"

authority() { openssl x509 -in "$1" -noout -ext authorityKeyIdentifier 2>/dev/null; }
(cd "$work/new" && find . -type f) | sed 's/^\\.//' >"$work/paths"
grep -q . "$work/paths" || fail "the bundle is empty"
while read -r path; do
  [ -f "$path" ] || fail "$path is not on this machine: is the bundle another one's?"
  case $path in
    *.crt)
      new=$work/new$path
      openssl x509 -in "$new" -noout -checkend 86400 >/dev/null || fail "$path would be expired within a day"
      [ "$(authority "$new")" = "$(authority "$path")" ] || fail "$path comes from another authority"
      key=\${new%.crt}.key
      [ -f "$key" ] || fail "$path comes without its key"
      [ "$(openssl x509 -in "$new" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout)" ] ||
        fail "$path does not fit its key"
      ;;
  esac
done <"$work/paths"

tar -xzf "$work/bundle.tar.gz" -C /
# etcd and K3s read theirs for each connection.
[ ! -e "$work/new/etc/haproxy" ] || systemctl reload haproxy
while read -r path; do
  case $path in
    *.crt) printf '%s until %s\\n' "$path" "$(openssl x509 -in "$path" -noout -enddate | cut -d = -f 2)" ;;
  esac
done <"$work/paths"
`;
}
