# For effects.sh, behind health.sh: waits until this server is healthy twice in a row, or says why it is not.

await_health() {
  local reasons good=0 end=$((SECONDS + ${PATIENCE_SECONDS:-300}))
  while :; do
    reasons=$(unhealthy) || :
    if [ -n "$reasons" ]; then good=0; else good=$((good + 1)); fi
    [ "$good" -lt 2 ] || return 0
    if [ "$SECONDS" -ge "$end" ]; then
      printf 'after %s seconds:\n%s\n' "${PATIENCE_SECONDS:-300}" "$reasons"
      return 1
    fi
    sleep 1
  done
}
