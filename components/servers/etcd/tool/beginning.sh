#!/usr/bin/env bash
# trellis-etcd: operates the etcd member of this machine, for systemd units and for people. Without arguments it prints its
# usage. Its configuration is etc/etcd/trellis.conf, below the root that it is installed in.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
root=${root%/}
etc=$root/etc/etcd
tls=$etc/tls
bin=$root/usr/local/bin
data=$root/var/lib/etcd
state=$root/var/lib/trellis/etcd
snapshots=$state/snapshots
# shellcheck source=/dev/null
. "$etc/trellis.conf"
# MEMBERS is "name=address name=address ...". STORE_ENDPOINT, STORE_REGION and STORE_BUCKET are set where snapshots
# are copied off the cluster.
: "${CLUSTER:?}" "${NAME:?}" "${ADDRESS:?}" "${MEMBERS:?}" "${TOKEN:?}" "${MAY_FOUND:?}"
: "${SNAPSHOT_EVERY_HOURS:?}" "${SNAPSHOT_KEEP_DAYS:?}"

usage() {
  cat <<'USAGE'
trellis-etcd status                               how the members are, and the newest snapshot
trellis-etcd snapshot [--due]                     takes one now (--due: only if it is this member's turn)
trellis-etcd snapshots                            lists what can be restored, oldest first
trellis-etcd restore --member [--yes]             gives this member its data anew, from the other members
trellis-etcd restore SNAPSHOT|latest --all [--yes]
                                                  puts a snapshot in place of all data: run it on every member
trellis-etcd defragment [--leader] [--force]      defragments all members one by one, the leader last
trellis-etcd found [--yes]                        gives up all data of the cluster and founds it anew
trellis-etcd ctl ARGUMENT...                      etcdctl as root, on all members
For the units: join, joined, access
USAGE
}

say() { echo "trellis-etcd: $*" >&2; }
die() { say "$*"; exit 1; }
