import { type AlertRule, alertsOf, explainedByServerDown } from "../../shared/workloads";

const { critical, warning } = alertsOf("docs/runbooks/object-storage.md");

/** The `job` label of the servers' metrics: the name of their Service. */
const JOB = 'job="minio"';

/** How many drives must be online for reads and for writes; with fewer, an alert fires. */
export interface Quorums {
  readonly read: number;
  readonly write: number;
}

/**
 * Alerts on object storage. Each server reports on the whole cluster, so the rules take the maximum over the servers.
 */
export function minioAlerts(quorums: Quorums): AlertRule[] {
  const drivesOnline = `max(minio_cluster_drive_online_total{${JOB}})`;
  const free = `min(minio_cluster_capacity_usable_free_bytes{${JOB}}) / max(minio_cluster_capacity_usable_total_bytes{${JOB}})`;
  return [
    {
      ...critical(
        "MinioCannotRead",
        "1m",
        "Object storage cannot be read: too few drives are online",
        "too-few-drives-are-online",
      ),
      expr: `(${drivesOnline} or vector(0)) < ${quorums.read}`,
    },
    {
      ...critical(
        "MinioCannotWrite",
        "2m",
        "Object storage cannot be written: too few drives are online",
        "too-few-drives-are-online",
      ),
      expr: `(${drivesOnline} or vector(0)) < ${quorums.write}`,
    },
    explainedByServerDown({
      ...warning(
        "MinioServerOffline",
        "5m",
        "A MinIO server is offline: the loss of another can stop object storage",
        "a-server-is-offline",
      ),
      expr: `up{${JOB}} == 0`,
    }),
    explainedByServerDown({
      ...warning(
        "MinioDriveOffline",
        "5m",
        "A MinIO drive is offline: the loss of another can stop object storage",
        "a-drive-is-offline",
      ),
      expr: `max(minio_cluster_drive_offline_total{${JOB}}) > 0`,
    }),
    {
      ...warning("MinioFillsUp", "15m", "Object storage has less than 25% free space", "free-space-is-low"),
      expr: `${free} < 0.25`,
    },
    {
      ...critical(
        "MinioNearlyFull",
        "5m",
        "Object storage has less than 15% free space: at 10% the server evicts pods, and backups fail",
        "free-space-is-low",
      ),
      expr: `${free} < 0.15`,
    },
    {
      ...warning("MinioHealsLong", "24h", "A MinIO drive has been healing for a day", "healing-does-not-end"),
      expr: `max(minio_cluster_health_erasure_set_healing_drives{${JOB}}) > 0`,
    },
  ];
}
