#!/usr/bin/env bash
# Records the names of the metrics that real programs expose, one file for each, beside this script. Run it again after
# an update of a program: test/rigs/alerting/metric-names/record.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${TRELLIS_CACHE:-$HOME/.cache/trellis}/bin
work=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# The names in Prometheus' text format, with the suffixes of histograms.
names() { sed -nE 's/^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ].*/\1/p' | sort -u; }

fetch() { # url
  for _ in $(seq 100); do curl -sf "$1" && return; sleep 0.2; done
  echo "no metrics at $1" >&2
  return 1
}

"$bin/etcd" --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 \
  --listen-peer-urls http://127.0.0.1:12380 >/dev/null 2>&1 &
children+=($!)
fetch http://127.0.0.1:12379/metrics | names >"$here/etcd.txt"

cat >"$work/haproxy.cfg" <<'CONFIG'
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend status
  bind 127.0.0.1:18404
  http-request use-service prometheus-exporter if { path /metrics }
listen some
  bind 127.0.0.1:18405
  server one 127.0.0.1:9 check
CONFIG
haproxy -f "$work/haproxy.cfg" >/dev/null 2>&1 &
children+=($!)
fetch http://127.0.0.1:18404/metrics | names >"$here/haproxy.txt"

MINIO_ROOT_USER=recorder MINIO_ROOT_PASSWORD=recorder1 MINIO_PROMETHEUS_AUTH_TYPE=public MINIO_CI_CD=1 \
  "$bin/minio" server --address 127.0.0.1:19000 --console-address 127.0.0.1:19001 "$work"/minio{1...4} >/dev/null 2>&1 &
children+=($!)
fetch http://127.0.0.1:19000/minio/health/cluster >/dev/null
for _ in $(seq 60); do # the numbers of drives and of bytes come with the first scan
  for scope in cluster node; do fetch "http://127.0.0.1:19000/minio/v2/metrics/$scope"; done | names >"$here/minio.txt"
  grep -q minio_cluster_capacity_usable_free_bytes "$here/minio.txt" && break
  sleep 0.5
done

"$bin/victoria-logs" -storageDataPath="$work/logs" -httpListenAddr=127.0.0.1:19428 >/dev/null 2>&1 &
children+=($!)
"$bin/vlagent" -tmpDataPath="$work/agent" -httpListenAddr=127.0.0.1:19429 \
  -remoteWrite.url=http://127.0.0.1:19428/insert/native >/dev/null 2>&1 &
children+=($!)
for port in 19428 19429; do fetch "http://127.0.0.1:$port/metrics"; done | names | grep -E '^(vl|vlagent)_' | sort -u >"$here/victorialogs.txt"

# Patroni's REST API writes its metrics by hand, each with a line of its type.
grep -rhoE '# TYPE patroni_[a-z_]+' "$(dirname "$bin")"/venv-patroni/lib/python3*/site-packages/patroni/api.py | cut -d' ' -f3 |
  sort -u >"$here/patroni.txt"

wc -l "$here"/*.txt
