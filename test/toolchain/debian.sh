#!/usr/bin/env bash
# Installs the Debian packages that the tests need (debian-packages.txt); does nothing when all are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mapfile -t wanted < <(sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$here/debian-packages.txt")
missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "debian: all ${#wanted[@]} packages are installed"
  exit 0
fi

# No daemon starts: invoke-rc.d calls this program, and exit code 101 forbids the start. An existing policy is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
# No cluster named "main": the tests create their own.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/trellis.conf

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
for attempt in 1 2 3; do
  if "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
    echo "debian: installed ${missing[*]}"
    exit 0
  fi
  echo "debian: attempt $attempt failed" >&2
done
echo "debian: cannot install ${missing[*]}" >&2
exit 1
