# Where this member gets its data: its own disk, the other members, or a new cluster that it founds with them.

has_data() { [ -n "$(ls -A "$data/member/wal" 2>/dev/null)" ]; }

join() {
  local how reason=
  if has_data; then
    configure existing "$(founding_members)"
    return
  fi
  if may_found; then
    answer_without_data &
    # shellcheck disable=SC2064 # expand the process id now
    trap "kill $! 2>/dev/null; wait $! || :" EXIT
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
# longer knows, and its vote would make a quorum that forgets them. So it founds a cluster only if neither this machine
# nor the settings know of an older one, and each other member answers that it has no data or was founded together with
# this one. A missing answer is not enough, nor a refused connection: a member with data may start in the next moment.
way_in() {
  local listed member away=
  if [ -e "$state/found" ]; then
    rm "$state/found"
    echo "new $(founding_members)"
  elif listed=$(members_by_others); then
    enter "$listed"
  else
    for member in $MEMBERS; do
      [ "${member#*=}" != "$ADDRESS" ] || continue
      if ! listed=$(members_by "${member#*=}"); then
        away=${member%%=*}
      elif [ "$listed" != "[]" ] && ! { may_found && never_joined "$listed"; }; then
        echo "the cluster has no quorum, and this member has no data"
        return 1
      fi
    done
    if ! may_found; then
      echo "this machine belongs to a cluster that exists, and no other member answers with its data"
    elif [ -n "$away" ]; then
      echo "this member has no data and founds a cluster only together with all others, but $away does not answer"
    else
      echo "new $(founding_members)"
      return
    fi
    return 1
  fi
}

may_found() { [ "$MAY_FOUND" = yes ] && [ ! -e "$state/joined" ]; }

# The members that one member knows, with or without a quorum: none if it has no data and waits to found the cluster.
members_by() { # address
  # The peer port accepts HTTP/2 only for gRPC.
  curl --http1.1 --silent --fail --max-time 3 --cacert "$tls/ca.crt" --cert "$tls/peer.crt" --key "$tls/peer.key" \
    "https://$1:2380/members"
}

# The members that the first other member with data knows.
members_by_peers() {
  local member listed
  for member in $MEMBERS; do
    [ "${member#*=}" != "$ADDRESS" ] || continue
    if listed=$(members_by "${member#*=}") && [ "$listed" != "[]" ]; then
      echo "$listed"
      return
    fi
  done
  return 1
}

# Answers the other members in place of etcd while this member waits to found the cluster.
answer_without_data() {
  exec python3 -c '
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    timeout = 5
    def do_GET(self):
        known = self.path == "/members"
        self.send_response(200 if known else 404)
        # Without a length the answer ends with the connection, and the curl of Debian 13 refuses a connection that ends
        # without a TLS close notice.
        self.send_header("Content-Length", "2" if known else "0")
        self.end_headers()
        if known:
            self.wfile.write(b"[]")
    def log_message(self, *_):
        pass
address, tls = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(tls + "/peer.crt", tls + "/peer.key")
context.load_verify_locations(tls + "/ca.crt")
context.verify_mode = ssl.CERT_REQUIRED
server = http.server.ThreadingHTTPServer((address, 2380), Answer)
server.handle_error = lambda *_: None
# The handshake happens in the thread of its connection, so that no client holds up the others.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()' "$ADDRESS" "$tls"
}

# Whether the other members were founded together with this one and still wait for its first start.
never_joined() { # what they know
  jq -e --arg peer "https://$ADDRESS:2380" \
    'any(.[]; (.peerURLs | index($peer)) and .name != "" and ((.clientURLs // []) == []))' <<<"$1" >/dev/null
}

# Joins a running cluster. Its former member is removed first, since that identity must not be used again.
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
