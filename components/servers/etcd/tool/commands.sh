yes=no
arguments=()
for argument; do if [ "$argument" = --yes ]; then yes=yes; else arguments+=("$argument"); fi; done
[ ${#arguments[@]} -gt 0 ] || { usage; exit 2; }
command=${arguments[0]}
case $command in
  ctl) shift; all "$@" ;;
  snapshots) restorable ;;
  status | join | joined | access | snapshot | restore | defragment | found) "$command" "${arguments[@]:1}" ;;
  *) usage >&2; exit 2 ;;
esac
