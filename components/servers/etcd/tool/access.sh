# Users and roles. All members run this at each boot, at the same time. It writes only what differs, since every change
# invalidates the tokens that etcd has issued.

access() {
  local attempt
  for attempt in $(seq 60); do
    if grant_all; then
      publish etcd-access trellis_etcd_authentication_timestamp_seconds "$(date +%s)" \
        'When this member last found the authentication of etcd turned on.'
      say "users and roles are in place"
      return
    fi
    [ "$attempt" -gt 1 ] || say "not yet; trying again"
    sleep 2
  done
  die "users and roles could not be set: trellis-etcd status shows how the members are"
}

grant_all() {
  local user
  has_quorum || return 1
  ensure_user root --no-password || return 1
  while read -r user <&4; do
    if [ -e "$etc/$user.password" ]; then
      ensure_password "$user" "$etc/$user.password" || return 1
    else
      ensure_user "$user" --no-password || return 1
    fi
    ensure_grants "$user" || return 1
  done 4< <(cut -d ' ' -f 1 "$etc/grants" | sort -u)
  # Last, so that nobody is locked out.
  auth_is_on || { try all auth enable && auth_is_on; }
}

# Without -q: grep would end at its first match, etcdctl would fail with a broken pipe, and pipefail would make that a "no".
auth_is_on() { all auth status 2>/dev/null | grep 'Status: true' >/dev/null; }

# Another member may have done it already.
try() {
  local output
  output=$("$@" 2>&1 >/dev/null) && return
  case $output in
    *"already exists"* | *"already enabled"*) ;;
    *) say "${output##*$'\n'}"; return 1 ;;
  esac
}

ensure_user() { # user, arguments of its making
  listed user "$1" || try all user add "$@" || return 1
  listed role "$1" || try all role add "$1" || return 1
  all user get "$1" 2>/dev/null | grep "^Roles:.* $1\b" >/dev/null || try all user grant-role "$1" "$1"
}

listed() { all "$1" list 2>/dev/null | grep -x "$2" >/dev/null; } # user|role name

ensure_password() { # user file
  ensure_user "$1" --interactive=false <"$2" || return 1
  # etcd checks no passwords until authentication is on, so the password is set again in that case.
  if ! auth_is_on || ! ETCDCTL_USER="$1:$(cat "$2")" all user get "$1" >/dev/null 2>&1; then
    try all user passwd "$1" --interactive=false <"$2"
  fi
}

ensure_grants() { # role, which is called like its user
  local key end wanted given
  wanted=$(awk -v user="$1" '$1 == user { print $2, $3 }' "$etc/grants" | sort)
  given=$(all role get "$1" -w json | jq -r '.perm[]? | select(.permType == 2) |
    "\(.key | @base64d) \(if .range_end then .range_end | @base64d else "-" end)"' | sort) || return 1
  while read -r key end <&3; do
    try all role grant-permission "$1" readwrite "$key" "${end/#-/}" || return 1
  done 3< <(comm -23 <(echo "$wanted") <(echo "$given") | grep .)
  while read -r key end <&3; do
    try all role revoke-permission "$1" "$key" "${end/#-/}" || return 1
  done 3< <(comm -13 <(echo "$wanted") <(echo "$given") | grep .)
}
