# Snapshots: one member takes, checks and encrypts them, copies them off the cluster, and deletes old ones.

# Names sort by age: etcd-<cluster>-<time>-<revision>-<member>.db.zst.age
stamp_of() { local rest=${1#"etcd-$CLUSTER-"}; echo "${rest%%-*}"; }
seconds_of() { local s; s=$(stamp_of "$1"); date -u -d "${s:0:8} ${s:9:2}:${s:11:2}:${s:13:2}" +%s; }

has_store() { [ -n "${STORE_ENDPOINT:-}" ]; }

store() { # method path [argument of curl]
  curl --silent --show-error --fail --retry 5 --retry-connrefused --connect-timeout 10 --max-time 900 \
    --config "$etc/store.curl" --aws-sigv4 "aws:amz:$STORE_REGION:s3" --request "$1" \
    "$STORE_ENDPOINT/$STORE_BUCKET$2" "${@:3}"
}

stored() {
  local page key after=
  while :; do
    page=$(store GET "/?list-type=2&prefix=$CLUSTER%2Fetcd%2F${after:+&start-after=$CLUSTER%2Fetcd%2F$after}") || return 1
    while read -r key; do
      after=${key##*/}
      echo "$after"
    done < <(grep -o '<Key>[^<]*</Key>' <<<"$page" | sed -e 's/<[^>]*>//g')
    grep -q '<IsTruncated>true<' <<<"$page" || return 0
  done
}

kept_here() { find "$snapshots" -maxdepth 1 -name "etcd-$CLUSTER-*.age" -printf '%f\n' | sort; }

restorable() { if has_store; then stored | sort; else kept_here; fi; }

snapshot() {
  local newest age=
  exec 9>"$state/lock"
  flock 9
  if [ "${1:-}" = --due ]; then
    newest=$(restorable | tail -n 1) || die "the store does not list its snapshots"
    [ -z "$newest" ] || publish_snapshot "$newest"
    [ -z "$newest" ] || age=$(($(date +%s) - $(seconds_of "$newest")))
    due "$age" || return 0
  fi
  take
}

# The leader takes the first snapshot and each that is due. A follower takes it half an hour later if the leader did not.
due() { # age of the newest, or nothing
  local overdue
  if [ -z "$1" ]; then
    leads
    return
  fi
  overdue=$(($1 - SNAPSHOT_EVERY_HOURS * 3600))
  [ "$overdue" -ge 0 ] && { [ "$overdue" -ge 1800 ] || leads; }
}

leads() { this endpoint status -w json | jq -e '.[0].Status | .leader == .header.member_id' >/dev/null; }

take() {
  local work name revision sum
  work=$(mktemp -d "$snapshots/.taking.XXXXXX")
  # shellcheck disable=SC2064 # expand the folder now
  trap "rm -rf '$work'" EXIT
  PATIENCE=10m this snapshot save "$work/db" >/dev/null 2>"$work/log" || die "etcd gave no snapshot: $(tail -n 1 "$work/log")"
  # Reads every page and compares the digest that etcd appended.
  revision=$("$bin/etcdutl" snapshot status "$work/db" -w json | jq -e 'select(.totalKey > 0) | .revision') ||
    die "the snapshot is broken or empty"
  name=etcd-$CLUSTER-$(date -u +%Y%m%dT%H%M%SZ)-r$revision-$NAME.db.zst.age
  zstd -q --stdout "$work/db" | age --encrypt --recipients-file "$etc/snapshot.recipient" --output "$work/$name"
  sum=$(sha256sum <"$work/db")
  [ "$(decrypt "$work/$name" | sha256sum)" = "$sum" ] || die "the encrypted snapshot does not give back what went in"
  if has_store; then
    store PUT "/$CLUSTER/etcd/$name" --upload-file "$work/$name" \
      --header "x-amz-content-sha256: $(sha256sum <"$work/$name" | cut -d ' ' -f 1)" >/dev/null ||
      die "the store did not take $name"
  fi
  mv "$work/$name" "$snapshots/$name"
  publish_snapshot "$name"
  forget
  say "took $name ($(stat -c %s "$snapshots/$name") bytes)"
}

decrypt() { age --decrypt --identity "$etc/snapshot.identity" "$1" | zstd -q --decompress --stdout; }

# This machine keeps the last few, the store keeps them for as long as the settings say, and at least the three newest.
forget() {
  local name oldest
  kept_here | head -n -5 | while read -r name; do rm "$snapshots/$name"; done
  has_store || return 0
  oldest=$(date -u -d "-$SNAPSHOT_KEEP_DAYS days" +%Y%m%dT%H%M%SZ)
  stored | sort | head -n -3 | while read -r name; do
    [[ $(stamp_of "$name") < $oldest ]] || break
    store DELETE "/$CLUSTER/etcd/$name" >/dev/null
  done
}

publish_snapshot() { # name of the newest
  publish etcd trellis_etcd_snapshot_timestamp_seconds "$(seconds_of "$1")" \
    'When the newest snapshot that can be restored was taken.'
}
