import type { Dashboard } from "../../shared/workloads";
import { LABELS } from "./names";

/**
 * Object storage: whether it answers, its room, its load, and its drives. Every server reports the cluster's metrics of all
 * servers, so a query takes the largest of equal series and never their sum.
 */
export const minioDashboard: Dashboard = {
  object: { name: "minio-dashboard", labels: LABELS.servers },
  file: "minio.json",
  uid: "trellis-minio",
  title: "Object storage",
  panels: [
    {
      title: "Drives that are offline",
      expr: "max(minio_cluster_drive_offline_total)",
      legend: "offline",
      type: "stat",
    },
    {
      title: "Drives beyond what writes need",
      expr: "min by (pool, set) (minio_cluster_health_erasure_set_online_drives - minio_cluster_health_erasure_set_write_quorum)",
      legend: "pool {{pool}}, set {{set}}",
      type: "stat",
    },
    {
      title: "Drives that are being filled again",
      expr: "max by (pool, set) (minio_cluster_health_erasure_set_healing_drives)",
      legend: "pool {{pool}}, set {{set}}",
      type: "stat",
    },
    {
      title: "Free space",
      expr: "min(minio_cluster_capacity_usable_free_bytes)",
      legend: "free",
      unit: "bytes",
    },
    {
      title: "Requests that are being answered",
      expr: "max by (server) (minio_s3_requests_incoming_total)",
      legend: "{{server}}",
    },
    {
      title: "Requests that wait",
      expr: "max by (server) (minio_s3_requests_waiting_total)",
      legend: "{{server}}",
    },
    {
      title: "Refused logins a second",
      expr: "sum(max by (server) (rate(minio_s3_requests_rejected_auth_total[5m])))",
      legend: "refused",
    },
    {
      title: "Received a second",
      expr: "max by (server) (rate(minio_s3_traffic_received_bytes[5m]))",
      legend: "{{server}}",
      unit: "bytes",
    },
    {
      title: "Sent a second",
      expr: "max by (server) (rate(minio_s3_traffic_sent_bytes[5m]))",
      legend: "{{server}}",
      unit: "bytes",
    },
    {
      title: "Requests that wait for a drive",
      expr: "max by (server, drive) (minio_node_drive_io_waiting)",
      legend: "{{server}} {{drive}}",
    },
    {
      title: "Errors of drives in the last hour",
      expr: "max by (server, drive) (increase(minio_node_drive_errors_ioerror[1h]) + increase(minio_node_drive_errors_timeout[1h]))",
      legend: "{{server}} {{drive}}",
    },
    {
      title: "Memory of the servers",
      expr: "max by (server) (minio_node_process_resident_memory_bytes)",
      legend: "{{server}}",
      unit: "bytes",
    },
  ],
};
