#!/usr/bin/env bash
# Makes the disk that the servers of the boot tests start from, and prints its folder:
#
#   machine-root.sh
#
# It is kept in ${TRELLIS_CACHE:-~/.cache/trellis}/machines/<key> and made once. In it:
#   root/       Debian with systemd, cloud-init and what Hetzner's Ubuntu image has besides
#   packages/   a flat repository of the packages that a first boot installs, with their dependencies
# Ubuntu itself cannot be had from Debian's archive. Debian 13 is the nearest release. Needs root.
set -euo pipefail
machines=${TRELLIS_CACHE:-$HOME/.cache/trellis}/machines
release=trixie

# In the image of every server.
base=(
  apparmor ca-certificates cloud-init cron curl dbus iproute2 iputils-ping kmod less libpam-systemd locales logrotate
  netplan.io openssh-server openssl procps rsyslog sudo systemd systemd-resolved systemd-sysv udev
)
# The packages that components/servers names. A first boot that lacks one fails and names it.
installed=(
  age ca-certificates curl haproxy iproute2 jq keepalived nftables openssl python3 systemd-timesyncd unattended-upgrades zstd
)

# The sources of Debian that this machine uses, for the servers' release.
sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$release" '$1 == "Debian" { sub(/^[a-z]+/, release, $3); print "deb", $2, $3, $4 }' | sort -u
}

# The repository has no signature, so its users mark it as trusted.
index() { # folder
  local package
  for package in "$1"/*.deb; do
    dpkg-deb --field "$package"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${package##*/}" "$(stat --format=%s "$package")" \
      "$(sha256sum "$package" | cut -d ' ' -f 1)"
  done >"$1/Packages"
  printf 'Suite: servers\nSHA256:\n %s %s Packages\n' "$(sha256sum "$1/Packages" | cut -d ' ' -f 1)" \
    "$(stat --format=%s "$1/Packages")" >"$1/Release"
}

make() { # folder
  local lines fetch
  mapfile -t lines < <(sources)
  [ ${#lines[@]} -gt 0 ] || { echo "machine-root: apt knows no source of Debian's own packages on this machine" >&2; return 1; }
  mkdir -p "$1/packages"
  fetch="chroot \"\$1\" apt-get -qq -o Dir::Cache::archives=/first-boot -o Acquire::Retries=5 --download-only --yes"
  # shellcheck disable=SC2016 # $1 is the hooks' own
  nice mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Retries "5"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --include="$(IFS=, && echo "${base[*]}")" \
    --customize-hook='mkdir -p "$1/first-boot/partial"' \
    --customize-hook="$fetch install --no-install-recommends ${installed[*]}" \
    --customize-hook="mv \"\$1\"/first-boot/*.deb '$1/packages/' && rm -r \"\$1/first-boot\"" \
    "$release" "$1/root" "${lines[@]}" >&2
  index "$1/packages"
}

key=$({ declare -f make index; sources; echo "${base[*]} / ${installed[*]}"; uname -m; } | sha256sum | cut -c1-16)
made=$machines/$key
if [ ! -e "$made" ]; then
  mkdir -p "$machines"
  exec 9>"$machines/.lock"
  flock 9
  if [ ! -e "$made" ]; then
    draft=$(mktemp -d "$machines/.draft.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    chmod 755 "$draft"
    make "$draft"
    mv "$draft" "$made"
  fi
fi
echo "$made"
