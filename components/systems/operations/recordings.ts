import type { RecordingRule } from "../../shared/workloads";

/** Whether something works: 1 or 0 at each evaluation, by the label `promise`. Its average is the availability. */
export const AVAILABLE = "trellis:available:bool";

/** A missing series counts as what it would show if the program were down. */
const available = (promise: string, expr: string): RecordingRule => ({
  record: AVAILABLE,
  expr,
  labels: { promise },
});

/** The share of processors in use on each server. */
export const PROCESSORS = "node:processors_in_use:ratio_rate5m";
/** The slowest syncs of each member's log. */
export const ETCD_SYNCS = "instance:etcd_wal_sync_seconds:p99_5m";

export const RECORDINGS: readonly RecordingRule[] = [
  available("Kubernetes API", '(max(up{job="apiserver"}) or vector(0))'),
  // A member reports a leader only while it belongs to a majority.
  available("etcd", "(max(etcd_server_has_leader) or vector(0))"),
  available("PostgreSQL takes writes", "(sum(patroni_primary) or vector(0)) >= bool 1"),
  // 1 while every erasure set has its write quorum.
  available("object storage takes writes", "(max(minio_cluster_health_status) or vector(0))"),
  { record: PROCESSORS, expr: '1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[5m]))' },
  {
    record: ETCD_SYNCS,
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[5m])))",
  },
];
