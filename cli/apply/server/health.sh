# Prints why this server is not healthy, a reason on each line, and nothing if it is. Changes nothing. For bash on a server.

own_units="trellis-metadata-guard.service etcd.service haproxy.service keepalived.service k3s.service"

has_unit() { systemctl cat "$1" >/dev/null 2>&1; }
runs_api() { grep -q '^exec .* server ' /usr/local/lib/trellis/k3s; }
http_status() { curl --silent --insecure --max-time 5 --output /dev/null --write-out '%{http_code}' "$@"; }

unhealthy() {
  local unit state client=/etc/haproxy/api-client.pem
  [ -e /var/lib/trellis/ready ] || echo "its first boot has not ended"
  for unit in $own_units; do
    has_unit "$unit" || continue
    state=$(systemctl is-active "$unit")
    [ "$state" = active ] || echo "$unit is $state"
  done
  # shellcheck disable=SC2086 # a list of units
  systemctl list-jobs --plain --no-legend $own_units | awk '{ print "systemd waits to " $3 " " $2 }'
  systemctl list-units --failed --plain --no-legend ssh.service systemd-sysctl.service systemd-journald.service |
    awk '{ print $1 " has failed" }'
  if has_unit etcd.service; then trellis-etcd ctl endpoint health 2>&1 | grep -v 'is healthy'; fi
  if runs_api; then
    # As HAProxy asks. Without a certificate the API refuses the question, and a refusal shows only that it answers.
    if [ -e "$client" ]; then
      [ "$(http_status --cert "$client" https://127.0.0.1:6445/readyz)" = 200 ] || echo "the Kubernetes API of this server is not ready"
    else
      case $(http_status https://127.0.0.1:6445/readyz) in 200 | 401 | 403) ;; *) echo "the Kubernetes API of this server does not answer" ;; esac
    fi
  fi
  case $(http_status https://127.0.0.1:6443/readyz) in
    200 | 401 | 403) ;;
    *) echo "HAProxy reaches no Kubernetes API" ;;
  esac
}
