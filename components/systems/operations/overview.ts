import type { Panel } from "../../shared/workloads";
import { AVAILABLE, ETCD_SYNCS, PROCESSORS } from "./recordings";

/** The panels that answer whether the platform is well. */
export const OVERVIEW_PANELS: readonly Panel[] = [
  {
    title: "Alerts that fire",
    expr: 'count by (alertname, severity) (ALERTS{alertstate="firing",severity=~"critical|warning"})',
    legend: "{{severity}}: {{alertname}}",
    type: "stat",
  },
  {
    title: "Available, in the time that is shown",
    expr: `avg by (promise) (avg_over_time(${AVAILABLE}[$__range]))`,
    legend: "{{promise}}",
    unit: "percentunit",
    type: "stat",
  },
  {
    title: "Servers that are ready",
    expr: 'sum(kube_node_status_condition{condition="Ready",status="true"})',
    legend: "ready",
    type: "stat",
  },
  {
    title: "Members of etcd with a leader",
    expr: "sum(etcd_server_has_leader)",
    legend: "members",
    type: "stat",
  },
  {
    title: "Leaders of PostgreSQL",
    expr: "sum(patroni_primary)",
    legend: "members",
    type: "stat",
  },
  {
    title: "Drives of object storage that are offline",
    expr: "max(minio_cluster_drive_offline_total)",
    legend: "offline",
    type: "stat",
  },
  {
    title: "Age of the newest backup",
    expr: "time() - max(backup_last_success_timestamp)",
    legend: "dump",
    unit: "s",
    type: "stat",
  },
  {
    title: "Free disk",
    expr: 'min by (node) (node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"})',
    legend: "{{node}}",
    unit: "percentunit",
  },
  {
    title: "Memory that is available",
    expr: "min by (node) (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
    legend: "{{node}}",
    unit: "percentunit",
  },
  {
    title: "Processors in use",
    expr: PROCESSORS,
    legend: "{{node}}",
    unit: "percentunit",
  },
  {
    title: "Connections through HAProxy",
    expr: "sum by (proxy) (haproxy_backend_current_sessions)",
    legend: "{{proxy}}",
  },
  {
    title: "etcd: slowest syncs to disk, 99th percentile",
    expr: ETCD_SYNCS,
    legend: "{{instance}}",
    unit: "s",
  },
  {
    title: "Free space of object storage",
    expr: "min(minio_cluster_capacity_usable_free_bytes) / max(minio_cluster_capacity_usable_total_bytes)",
    legend: "free",
    unit: "percentunit",
  },
];
