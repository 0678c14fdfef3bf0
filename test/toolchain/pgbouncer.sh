#!/usr/bin/env bash
# Unpacks Debian 13's PgBouncer with the libraries that it needs, and prints its version. Debian 12's cannot read our
# configuration: it does not know prepared statements in transaction mode, which came with 1.21.
#
# It is kept in ${TRELLIS_CACHE:-~/.cache/trellis}/pgbouncer, with a link bin/pgbouncer.
set -euo pipefail
cache=${TRELLIS_CACHE:-$HOME/.cache/trellis}
home=$cache/pgbouncer
packages=(
  pgbouncer libaudit1 libc6 libcap-ng0 libcap2 libcares2 libcrypt1 libevent-2.1-7t64 libgcc-s1 libpam0g libssl3t64 libsystemd0
  libzstd1 zlib1g
)

# Debian's sources of this machine, for the other release.
sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 == "Debian" { sub(/^[a-z]+/, "trixie", $3); print "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $2, $3, $4 }' | sort -u
}

unpack() { # folder
  local apt package
  mkdir -p "$1/apt/lists/partial" "$1/apt/cache/archives/partial" "$1/debs" "$1/root"
  sources >"$1/apt/sources.list"
  [ -s "$1/apt/sources.list" ] || { echo "toolchain: apt knows no source of Debian's own packages on this machine" >&2; return 1; }
  apt=(
    apt-get -qq -o Acquire::Retries=5 -o APT::Sandbox::User=root -o "Dir::Etc::sourcelist=$1/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$1/apt/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$1/apt/cache"
  )
  "${apt[@]}" update
  (cd "$1/debs" && "${apt[@]}" download "${packages[@]}")
  for package in "$1"/debs/*.deb; do dpkg-deb --extract "$package" "$1/root"; done
  mkdir "$1/done"
  cp -P "$1"/root/usr/lib/*-linux-gnu/*.so* "$1/done/"
  cp "$1/root/usr/sbin/pgbouncer" "$1/done/program"
  # Its own loader, because this machine's C library is older than the one that it was built with.
  cat >"$1/done/pgbouncer" <<'LOADER'
#!/bin/sh
home=$(dirname "$(readlink -f "$0")")
for loader in "$home"/ld-linux-*.so.*; do :; done
exec "$loader" --library-path "$home" "$home/program" "$@"
LOADER
  chmod 755 "$1/done/pgbouncer"
}

mkdir -p "$cache/bin"
exec 9>"$cache/.pgbouncer.lock"
flock 9
if [ ! -x "$home/pgbouncer" ]; then
  draft=$(mktemp -d "$cache/.pgbouncer.XXXXXX")
  trap 'rm -rf "$draft"' EXIT
  unpack "$draft"
  rm -rf "$home"
  mv "$draft/done" "$home"
fi
ln -sfn ../pgbouncer/pgbouncer "$cache/bin/pgbouncer"
"$home/pgbouncer" --version | head -n 1
