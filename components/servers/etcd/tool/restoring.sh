# Restores data. Nothing is deleted: the former data is moved aside in the same folder.

confirmed() { # what will happen
  [ "$yes" = no ] || return 0
  [ -t 0 ] || die "$1. To go on, add --yes"
  read -r -p "$1. To go on, type the cluster's name ($CLUSTER): "
  [ "$REPLY" = "$CLUSTER" ] || die "nothing was done"
}

restore() {
  local what='' scope='' argument
  for argument; do
    case $argument in
      --all | --member) scope=$argument ;;
      -*) usage >&2; exit 2 ;;
      *) what=$argument ;;
    esac
  done
  case $scope:$what in
    --member:) restore_member ;;
    --all:?*) restore_all "$what" ;;
    *) usage >&2; exit 2 ;;
  esac
}

restore_member() {
  members_by_others >/dev/null ||
    die "the other members have no quorum to give this one its data: restore all of them from a snapshot (--all)"
  confirmed "this member's data is put aside and fetched anew from the others"
  systemctl stop etcd.service
  put_aside
  systemctl start etcd.service
  say "this member is back, with the data of the others"
}

restore_all() { # snapshot
  local name db
  if members_by_others >/dev/null; then
    die "the other members run as a cluster. To bring this member to them: trellis-etcd restore --member." \
      "To replace the data of all: first run 'systemctl stop etcd' on each of them"
  fi
  name=$1
  if [ "$name" = latest ]; then
    name=$(restorable | tail -n 1)
    [ -n "$name" ] || die "there is no snapshot"
  fi
  db=$(mktemp "$state/.restoring.XXXXXX")
  # shellcheck disable=SC2064 # expand the file name now
  trap "rm -rf '$db' '$data/.restored'" EXIT
  fetch "$name" >"$db" || die "cannot read the snapshot $name"
  confirmed "all data of this cluster becomes that of $name"
  systemctl stop etcd.service
  rm -rf "$data/.restored"
  # A new cluster token keeps former and restored members apart. The higher revision, with all earlier ones compacted,
  # makes clients that still watch read everything again, instead of waiting for revisions that are counted twice.
  "$bin/etcdutl" snapshot restore "$db" --data-dir "$data/.restored" --name "$NAME" \
    --initial-cluster "$(founding_members)" --initial-advertise-peer-urls "https://$ADDRESS:2380" \
    --initial-cluster-token "$TOKEN-$(basename "$name")" --bump-revision 1000000000 --mark-compacted >&2
  put_aside
  mv "$data/.restored/member" "$data/member"
  chown -R --reference "$data" "$data/member"
  joined
  systemctl start --no-block etcd.service
  systemctl restart --no-block etcd-access.service
  say "now run on each other member: trellis-etcd restore $(basename "$name") --all"
  until PATIENCE=3s this get quorum >/dev/null 2>&1; do sleep 1; done
  say "restored $name"
}

put_aside() {
  [ ! -e "$data/member" ] || mv "$data/member" "$data/before-$(date -u +%Y%m%dT%H%M%SZ)"
}

fetch() { # path or name
  case $1 in
    */*.age) decrypt "$1" ;;
    */*) cat "$1" ;;
    *) if [ -e "$snapshots/$1" ]; then decrypt "$snapshots/$1"; else
      store GET "/$CLUSTER/etcd/$1" | age --decrypt --identity "$etc/snapshot.identity" | zstd -q --decompress --stdout
    fi ;;
  esac
}

found() {
  local listed
  if listed=$(members_by_peers) && ! never_joined "$listed"; then
    die "another member still runs with the old data: first run 'systemctl stop etcd' on each of them"
  fi
  confirmed "this member founds a new, empty cluster; all data of the old one is given up"
  systemctl stop etcd.service
  put_aside
  rm -f "$state/joined"
  touch "$state/found"
  systemctl start --no-block etcd.service
  systemctl restart --no-block etcd-access.service
  say "now run on each other member: trellis-etcd found"
}
