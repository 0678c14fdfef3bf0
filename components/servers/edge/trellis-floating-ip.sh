#!/bin/bash
# Assigns the floating IP to this server when keepalived elects it. keepalived calls this at each change of state, as
#   trellis-floating-ip INSTANCE <name> MASTER|BACKUP|FAULT|STOP <priority>
# keepalived adds the address to the interface and removes it. This script makes the call to Hetzner's API, and repeats it
# until it succeeds or this server is no longer the master. Follow it with: journalctl -t trellis-floating-ip
set -uo pipefail
umask 077

readonly state=$3 keepalived=$PPID
readonly authorization=/etc/trellis/floating-ip.authorization run=/run/trellis-floating-ip
# Sets SERVER, FLOATING_IP, FLOATING_IP_ID, API and METADATA.
# shellcheck source=/dev/null
. /etc/trellis/floating-ip.conf

say() {
  if [ -S /dev/log ]; then logger --tag trellis-floating-ip -- "$*"; else printf '%s\n' "$*" >&2; fi
}

# Only the last state that keepalived reported counts. If keepalived has died, there is none.
wanted() {
  [ "$(cat "$run/wanted" 2>/dev/null)" = "$state $$" ] && kill -0 "$keepalived" 2>/dev/null
}

# pause TENTHS: sleeps for TENTHS tenths of a second plus up to half of that at random; a change of state ends the sleep.
pause() {
  local tenths=$(($1 + RANDOM % ($1 / 2 + 1)))
  while [ "$tenths" -gt 0 ] && wanted; do
    sleep 0.2
    tenths=$((tenths - 2))
  done
}

# call METHOD PATH [BODY]: sends one request to the API. Sets status; the response is in $run/answer, its headers in $run/head.
# curl reads the token from a file, since every user can see its arguments in the list of processes.
call() {
  local arguments=(--silent --show-error --connect-timeout 3 --max-time 5 --request "$1"
    --header "@$authorization" --header 'Content-Type: application/json'
    --dump-header "$run/head" --output "$run/answer" --write-out '%{http_code}')
  [ "$#" -lt 3 ] || arguments+=(--data "$3")
  : >"$run/head"
  : >"$run/answer"
  status=$(curl --disable "${arguments[@]}" "$API$2" 2>"$run/error") || status=000
}

# field FILTER: one value of the last response.
field() {
  jq --raw-output "$1 // empty" "$run/answer" 2>/dev/null
}

# header NAME: one header of the last response, if it is a number.
header() {
  tr -d '\r' <"$run/head" | awk -F ': *' -v name="$1" 'tolower($1) == name && $2 ~ /^[0-9]+$/ { print $2 }' | tail -n 1
}

# Prints why the last request failed, and sets how many tenths of a second to wait, as the API asked.
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
      # The rate limit recovers by about one request a second, so a longer wait would only prolong the outage.
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

# One attempt: request the change, wait for the action to end, and check the result.
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
    # A lock lasts for moments. A wait that the API asked for takes precedence over our own.
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

# A request of the former master may still arrive after ours, so check three times. With more checks, two masters of a split
# network would take the address from each other every five seconds, for ever.
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

# Only one runs at a time. An older one notices after its current request that the state has changed.
exec 9>"$run/lock"
flock 9
case $state in
  MASTER) ! wanted || take ;;
  *) say "$state: this server does not hold $FLOATING_IP" ;;
esac
