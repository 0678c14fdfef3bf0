#!/usr/bin/env bash
# Makes a Python environment for each python/<name>.txt in ${TRELLIS_CACHE:-~/.cache/trellis}/venv-<name>, and makes it
# again when that file changes:
#
#   python.sh [name...]       all of them, or those named
#
# By Debian's own Python: an environment of a version manager's Python, below root's home, cannot be run by the postgres user.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${TRELLIS_CACHE:-$HOME/.cache/trellis}

environment() { # name
  local name=$1 requirements=$here/python/$1.txt home=$cache/venv-$1 wanted attempt=1
  [ -f "$requirements" ] || { echo "toolchain: there is no $requirements" >&2; return 1; }
  wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
  if [ "$(cat "$home/.made-from" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$home"
    /usr/bin/python3 -m venv "$home"
    until "$home/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --retries 5 \
      --requirement "$requirements"; do
      [ $((attempt++)) -lt 3 ] || { echo "toolchain: cannot make the Python environment $name" >&2; return 1; }
      echo "toolchain: trying the Python environment $name again" >&2
    done
    # Last, so that an environment that was cut half-way is made anew.
    echo "$wanted" >"$home/.made-from"
  fi
  echo "toolchain: Python environment $name"
}

if [ $# -eq 0 ]; then
  for requirements in "$here"/python/*.txt; do set -- "$@" "$(basename "$requirements" .txt)"; done
fi
mkdir -p "$cache"
exec 9>"$cache/.python.lock"
flock 9
for name; do environment "$name"; done
