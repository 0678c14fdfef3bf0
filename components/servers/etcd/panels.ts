import type { Panel } from "../../shared/workloads";

/** etcd: whether it has a leader, how fast it writes, and how large it is. */
export const ETCD_PANELS: readonly Panel[] = [
  {
    title: "Members with a leader",
    expr: "sum(etcd_server_has_leader)",
    legend: "members",
    type: "stat",
  },
  {
    title: "Changes of the leader in the last day",
    expr: "max(increase(etcd_server_leader_changes_seen_total[1d]))",
    legend: "changes",
    type: "stat",
  },
  {
    title: "The leader",
    expr: "max by (instance) (etcd_server_is_leader)",
    legend: "{{instance}}",
  },
  {
    title: "Database, with what a defragmentation would free",
    expr: "max by (instance) (etcd_mvcc_db_total_size_in_bytes)",
    legend: "{{instance}}",
    unit: "bytes",
  },
  {
    title: "Share of the quota in use",
    expr: "max by (instance) (etcd_mvcc_db_total_size_in_use_in_bytes / etcd_server_quota_backend_bytes)",
    legend: "{{instance}}",
    unit: "percentunit",
  },
  {
    title: "Syncs of the log to disk, 99th percentile",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[5m])))",
    legend: "{{instance}}",
    unit: "s",
  },
  {
    title: "Commits to the database, 99th percentile",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_backend_commit_duration_seconds_bucket[5m])))",
    legend: "{{instance}}",
    unit: "s",
  },
  {
    title: "Slow applies a second",
    expr: "sum by (instance) (rate(etcd_server_slow_apply_total[5m]))",
    legend: "{{instance}}",
  },
  {
    title: "Proposals that wait",
    expr: "max by (instance) (etcd_server_proposals_pending)",
    legend: "{{instance}}",
  },
  {
    title: "Failed proposals a second",
    expr: "sum by (instance) (rate(etcd_server_proposals_failed_total[5m]))",
    legend: "{{instance}}",
  },
  {
    title: "Heartbeats that were sent late, a second",
    expr: "sum by (instance) (rate(etcd_server_heartbeat_send_failures_total[5m]))",
    legend: "{{instance}}",
  },
  {
    title: "Keys",
    expr: "max by (instance) (etcd_debugging_mvcc_keys_total)",
    legend: "{{instance}}",
  },
];
