# Calls to etcd as root, and metrics for node-exporter's textfile collector.

publish() { # file metric value help
  local folder=$root/var/lib/trellis/metrics
  printf '# HELP %s %s\n# TYPE %s gauge\n%s %s\n' "$2" "$4" "$2" "$2" "$3" >"$folder/.$1.prom"
  chmod 644 "$folder/.$1.prom"
  mv "$folder/.$1.prom" "$folder/$1.prom"
}

url() { echo "https://$1:2379"; }

# The client URLs of all members, or of all but this one.
endpoints() { # all|others
  local member list=
  for member in $MEMBERS; do
    if [ "$1" = all ] || [ "${member#*=}" != "$ADDRESS" ]; then list=${list:+$list,}$(url "${member#*=}"); fi
  done
  echo "$list"
}

etcdctl() {
  "$bin/etcdctl" --cacert "$tls/ca.crt" --cert "$tls/root.crt" --key "$tls/root.key" \
    --dial-timeout 3s --command-timeout "${PATIENCE:-10s}" "$@"
}
all() { etcdctl --endpoints "$(endpoints all)" "$@"; }
others() { etcdctl --endpoints "$(endpoints others)" "$@"; }
this() { etcdctl --endpoints "$(url "$ADDRESS")" "$@"; }

has_quorum() { PATIENCE=5s all get quorum >/dev/null 2>&1; }

# A linearizable list: only members with a quorum return it.
members_by_others() { [ -n "$(endpoints others)" ] && PATIENCE=5s others member list 2>/dev/null; }
