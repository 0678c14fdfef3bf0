# Prints what `trellis apply` compares with: lines of fields that tabs separate, the paths to look at as arguments.
# Changes nothing. Its output contains the server's keys: it goes to nobody but the caller.

inspect() {
  local path
  # shellcheck source=/dev/null
  printf 'image\t%s\n' "$(. /etc/os-release && echo "$ID-$VERSION_ID")"
  printf 'record\t%s\n' "$(base64 --wrap 0 /var/lib/trellis/files.tar.gz 2>/dev/null)"
  printf 'left\t%s\n' "$([ ! -e /var/lib/trellis/apply ] || echo yes)"
  printf 'leads\t%s\n' "$(curl --silent --max-time 3 http://127.0.0.1:2381/metrics | grep -x 'etcd_server_is_leader 1')"
  awk '{ print "key\t" $1 " " $2 }' /root/.ssh/authorized_keys 2>/dev/null
  unhealthy | sed 's/^/unhealthy\t/'
  for path; do
    [ ! -e "$path" ] || printf 'entry\t%s\t%s\t%s\n' "$path" "$(stat --printf '%a\t%U:%G' "$path")" \
      "$([ -d "$path" ] || sha256sum <"$path" | cut -d ' ' -f 1)"
  done
  printf 'end\tyes\n'
}
