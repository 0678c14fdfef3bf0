# How this member comes to its data: from its own disk, from the other members, or by founding the cluster with them.

has_data() { [ -n "$(ls -A "$data/member/wal" 2>/dev/null)" ]; }

join() {
  local how reason=
  if has_data; then
    configure existing "$(founding_members)"
    return
  fi
  until how=$(way_in); do
    [ "$how" = "$reason" ] || say "$how; asking again (if the cluster is lost for good: docs/runbooks/etcd.md)"
    reason=$how
    sleep 1
  done
  # shellcheck disable=SC2086 # two words: the state and the members
  configure $how
}

# Prints the state and the members to start with, or fails with the reason to wait.
#
# A member that lost its data must never come back under its old identity: it may have acknowledged writes that it no
# longer knows, and its vote would make a quorum that forgets them. So it founds a cluster only where nothing speaks of
# an older one: neither this machine, nor the program that made it, nor any other member.
way_in() {
  local listed
  if [ -e "$state/found" ]; then
    rm "$state/found"
    echo "new $(founding_members)"
  elif listed=$(members_by_others); then
    enter "$listed"
  elif listed=$(members_by_peers); then
    if may_found && never_joined "$listed"; then
      echo "new $(founding_members)"
    else
      echo "the cluster has no quorum, and this member has no data"
      return 1
    fi
  elif may_found; then
    echo "new $(founding_members)"
  else
    echo "this machine belongs to a cluster that exists, and no other member answers"
    return 1
  fi
}

may_found() { [ "$MAY_FOUND" = yes ] && [ ! -e "$state/joined" ]; }

# What the other members know, quorum or not.
members_by_peers() {
  local member
  for member in $MEMBERS; do
    [ "${member#*=}" != "$ADDRESS" ] || continue
    # The peer port speaks HTTP/2 with gRPC alone.
    if curl --http1.1 --silent --fail --max-time 3 --cacert "$tls/ca.crt" --cert "$tls/peer.crt" \
      --key "$tls/peer.key" "https://${member#*=}:2380/members"; then return 0; fi
  done
  return 1
}

# Whether the others were founded together with this member, and still wait for its first start.
never_joined() { # what they know
  jq -e --arg peer "https://$ADDRESS:2380" \
    'any(.[]; (.peerURLs | index($peer)) and .name != "" and ((.clientURLs // []) == []))' <<<"$1" >/dev/null
}

# Into a running cluster: the old self goes first, since its identity is not to be used again.
enter() { # members
  local id status name peer _ listed
  while IFS=, read -r id status name peer _; do
    [ "${peer# }" = "https://$ADDRESS:2380" ] || [ "${name# }" = "$NAME" ] || continue
    [ "${status# }" != unstarted ] || continue
    say "removing this member's former self, $id"
    if ! others member remove "$id" >&2; then
      echo "the cluster does not let go of this member's former self"
      return 1
    fi
  done <<<"$1"
  if ! grep -q ", unstarted, , https://$ADDRESS:2380," <<<"$1" &&
    ! others member add "$NAME" --peer-urls "https://$ADDRESS:2380" >&2; then
    echo "the cluster does not take this member in"
    return 1
  fi
  listed=$(members_by_others) || { echo "the cluster lost its quorum"; return 1; }
  echo "existing $(awk -F ', ' -v own="https://$ADDRESS:2380" -v name="$NAME" '
    { printf "%s%s=%s", (NR > 1 ? "," : ""), ($4 == own ? name : ($3 ? $3 : $1)), $4 }' <<<"$listed")"
}

founding_members() {
  local member list=
  for member in $MEMBERS; do list=${list:+$list,}${member%%=*}=https://${member#*=}:2380; done
  echo "$list"
}

configure() { # state members
  install -d "$root/run/etcd"
  {
    cat "$etc/etcd.yaml"
    echo "initial-cluster-state: $1"
    echo "initial-cluster: $2"
  } >"$root/run/etcd/.etcd.yaml"
  chmod 644 "$root/run/etcd/.etcd.yaml"
  mv "$root/run/etcd/.etcd.yaml" "$root/run/etcd/etcd.yaml"
}

joined() { touch "$state/joined"; }
