# Maintenance: defragmentation, and the state of the members.

# A member is defragmented when a quarter of its file, and at least 64 MiB, is free.
defragment() {
  local force=no leader_only=no argument status line
  for argument; do
    case $argument in --force) force=yes ;; --leader) leader_only=yes ;; *) usage >&2; exit 2 ;; esac
  done
  if [ "$leader_only" = yes ] && ! leads; then return 0; fi
  status=$(all endpoint status -w json) || die "not all members answer: nothing is defragmented"
  while read -r line; do
    PATIENCE=5s all endpoint health >/dev/null 2>&1 || die "a member is not healthy: the others are left alone"
    say "defragmenting $line"
    PATIENCE=5m etcdctl --endpoints "$line" defrag >/dev/null
    until PATIENCE=5s all endpoint health >/dev/null 2>&1; do sleep 1; done
  done < <(jq -r --arg force "$force" 'sort_by(.Status.leader == .Status.header.member_id) | .[] |
    select($force == "yes" or (.Status | .dbSize - .dbSizeInUse > 67108864 and .dbSizeInUse < .dbSize * 0.75)) |
    .Endpoint' <<<"$status")
  all alarm list | grep NOSPACE >/dev/null || return 0
  all alarm disarm >/dev/null
  say "the space alarm is lifted"
}

status() {
  local newest
  all endpoint status -w table || say "not all members answer"
  all alarm list | sed 's/^/alarm: /'
  newest=$(restorable | tail -n 1) || newest="unknown, since the store does not answer"
  echo "newest snapshot: ${newest:-none}"
}
