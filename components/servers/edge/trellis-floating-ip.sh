#!/bin/bash
# Points the floating IP at this server when keepalived elects it. keepalived calls this at each change of state, as
#   trellis-floating-ip INSTANCE <name> MASTER|BACKUP|FAULT|STOP <priority>
# The address itself is put on and taken off by keepalived; what only Hetzner's API can do is done here: tried until
# it holds, or until this server is no longer the master. Follow it with: journalctl -t trellis-floating-ip
set -uo pipefail
umask 077

readonly state=$3 keepalived=$PPID
readonly authorization=/etc/trellis/floating-ip.authorization run=/run/trellis-floating-ip
# Says SERVER, FLOATING_IP, FLOATING_IP_ID, API and METADATA.
# shellcheck source=/dev/null
. /etc/trellis/floating-ip.conf

say() {
  if [ -S /dev/log ]; then logger --tag trellis-floating-ip -- "$*"; else printf '%s\n' "$*" >&2; fi
}

# The last state that keepalived told is the one that counts, and a keepalived that died has none.
wanted() {
  [ "$(cat "$run/wanted" 2>/dev/null)" = "$state $$" ] && kill -0 "$keepalived" 2>/dev/null
}

# pause TENTHS: sleeps so many tenths of a second and a random half more, but not past a change of state.
pause() {
  local tenths=$(($1 + RANDOM % ($1 / 2 + 1)))
  while [ "$tenths" -gt 0 ] && wanted; do
    sleep 0.2
    tenths=$((tenths - 2))
  done
}

# call METHOD PATH [BODY]: one request to the API. Sets status; the answer is in $run/answer, its head in $run/head.
# The token stays in its file: the list of processes shows the arguments of curl to everybody.
call() {
  local arguments=(--silent --show-error --connect-timeout 3 --max-time 5 --request "$1"
    --header "@$authorization" --header 'Content-Type: application/json'
    --dump-header "$run/head" --output "$run/answer" --write-out '%{http_code}')
  [ "$#" -lt 3 ] || arguments+=(--data "$3")
  : >"$run/head"
  : >"$run/answer"
  status=$(curl --disable "${arguments[@]}" "$API$2" 2>"$run/error") || status=000
}

# field FILTER: one value of the last answer.
field() {
  jq --raw-output "$1 // empty" "$run/answer" 2>/dev/null
}

# header NAME: one value of the last answer's head, where it is a number.
header() {
  tr -d '\r' <"$run/head" | awk -F ': *' -v name="$1" 'tolower($1) == name && $2 ~ /^[0-9]+$/ { print $2 }' | tail -n 1
}

# What went wrong with the last request, for a person; and how many tenths of a second the API wants to be left alone.
explain() {
  reason="$1: the API answers $status ($(field .error.message))"
  patience=0
  case $status in
    000) reason="$1: $(cat "$run/error")" ;;
    401 | 403) reason="$reason; put a token that may change floating IPs into $authorization" ;;
    423) reason="$1: another action holds the floating IP" ;;
    429)
      local seconds reset
      seconds=$(header retry-after)
      if [ -z "$seconds" ]; then
        reset=$(header ratelimit-reset)
        seconds=$((${reset:-0} - $(date +%s)))
      fi
      # The allowance grows by about one request a second: to wait longer than this would prolong the outage.
      [ "$seconds" -le 60 ] || seconds=60
      [ "$seconds" -ge 1 ] || seconds=1
      patience=$((seconds * 10))
      reason="$1: too many requests, the API asks for $seconds s of rest"
      ;;
  esac
}

# This server's id: from the metadata service, or else from the API by name. It never changes.
learn_own_id() {
  [ -z "${own_id:-}" ] || return 0
  own_id=$(curl --disable --silent --fail --connect-timeout 2 --max-time 3 "$METADATA/instance-id")
  [[ $own_id =~ ^[0-9]+$ ]] && return 0
  call GET "/servers?name=$SERVER"
  own_id=$(field '.servers[0].id')
  [[ $own_id =~ ^[0-9]+$ ]] && return 0
  own_id=
  explain "cannot learn the id of $SERVER"
  return 1
}

# Sets holder to the id of the server that the floating IP points at, empty for none.
find_holder() {
  call GET "/floating_ips/$FLOATING_IP_ID"
  holder=$(field .floating_ip.server)
  [ "$status" = 200 ] || { explain "cannot see where the floating IP points"; return 1; }
}

# One attempt: ask, wait for the action to end, and look whether it is true.
assign() {
  learn_own_id && find_holder || return 1
  [ "$holder" != "$own_id" ] || return 0
  call POST "/floating_ips/$FLOATING_IP_ID/actions/assign" "{\"server\":$own_id}"
  [ "$status" = 201 ] || { explain "cannot assign the floating IP"; return 1; }
  local action complaint outcome=running looks=0
  action=$(field .action.id)
  while [ "$outcome" = running ] && [ "$looks" -lt 60 ] && wanted; do
    pause 4
    looks=$((looks + 1))
    call GET "/actions/$action"
    [ "$status" != 200 ] || outcome=$(field .action.status)
  done
  complaint=$(field .action.error.message)
  find_holder || return 1
  [ "$holder" != "$own_id" ] || return 0
  patience=0
  reason="the floating IP points at ${holder:-no server} after the assignment (${complaint:-$outcome})"
  return 1
}

# Repeats attempts with growing pauses, from 1 to 30 seconds, until one succeeds; fails when the state has changed.
assign_at_last() {
  local attempt=1 growing=10
  while wanted; do
    if assign; then
      say "MASTER: $FLOATING_IP points at this server ($own_id) after attempt $attempt, $SECONDS s after the election"
      return 0
    fi
    # Locked is a matter of moments, and the API's own wish counts more than our habit.
    [ "$status" != 423 ] || growing=10
    [ "$patience" -gt "$growing" ] || patience=$growing
    say "MASTER: attempt $attempt failed: $reason; the next follows in about $((patience / 10)) s"
    pause "$patience"
    attempt=$((attempt + 1))
    growing=$((growing * 2 < 300 ? growing * 2 : 300))
  done
  say "MASTER: given up, because keepalived has changed its mind or ended"
  return 1
}

# A former master's request may still arrive after ours. Three looks see that; more would quarrel with a master on the
# other side of a split network, about every five seconds and for ever.
take() {
  local look
  assign_at_last || return 0
  for look in 1 2 3; do
    pause 50
    wanted && find_holder || return 0
    [ "$holder" != "$own_id" ] || continue
    say "MASTER: $FLOATING_IP was taken away to ${holder:-no server}; taking it back (look $look)"
    assign_at_last || return 0
  done
}

mkdir -p "$run"
printf '%s\n' "$state $$" >"$run/wanted.$$"
mv -f "$run/wanted.$$" "$run/wanted"

# One at a time. An older one notices within a request's time that its state is no longer wanted.
exec 9>"$run/lock"
flock 9
case $state in
  MASTER) ! wanted || take ;;
  *) say "$state: this server does not hold $FLOATING_IP" ;;
esac
