import { type AlertRule, alertsOf } from "../../shared/alert-rule";
import { ACCESS_CHECK_MINUTES } from "./access";

const { critical, warning } = alertsOf("docs/runbooks/etcd.md");
const MINUTE = 60;
const HOUR = 3600;

/**
 * What a person must hear of etcd. Members are scraped under `job`; the age of snapshots comes from the members'
 * node-exporters.
 */
export function etcdAlerts(args: {
  readonly members: number;
  readonly snapshotEveryHours: number;
  /** @default "etcd" */
  readonly job?: string;
}): AlertRule[] {
  const job = `job="${args.job ?? "etcd"}"`;
  const quorum = Math.floor(args.members / 2) + 1;
  return [
    {
      ...critical(
        "EtcdNoLeader",
        "1m",
        "A member of etcd has no leader: it cannot serve",
        "a-member-has-no-leader",
      ),
      expr: `etcd_server_has_leader{${job}} == 0`,
    },
    {
      ...critical("EtcdQuorumLost", "1m", "etcd has no quorum: nothing can be written", "quorum-is-lost"),
      expr: `(count(up{${job}} == 1) or vector(0)) < ${quorum}`,
    },
    {
      ...warning(
        "EtcdMemberDown",
        "5m",
        "A member of etcd is down: the next one must not fail",
        "a-member-is-lost",
      ),
      expr: `up{${job}} == 0`,
    },
    {
      ...warning(
        "EtcdLeaderChanges",
        "5m",
        "etcd changed its leader often within an hour",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `increase(etcd_server_leader_changes_seen_total{${job}}[1h]) > 4`,
    },
    {
      ...warning(
        "EtcdProposalsFail",
        "10m",
        "etcd fails to agree on writes",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `rate(etcd_server_proposals_failed_total{${job}}[15m]) * 900 > 5`,
    },
    {
      // etcd's hardware guide: the 99th percentile of a WAL fsync below 10 ms, of a commit below 25 ms; we warn at 2 times.
      ...warning(
        "EtcdSlowDisk",
        "10m",
        "etcd's disk is slow: its WAL takes long to sync",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket{${job}}[5m]))) > 0.02`,
    },
    {
      ...warning(
        "EtcdSlowCommit",
        "10m",
        "etcd's disk is slow: commits take long",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_backend_commit_duration_seconds_bucket{${job}}[5m]))) > 0.05`,
    },
    {
      ...critical(
        "EtcdNearQuota",
        "5m",
        "etcd has used 80% of its quota: at 100% it refuses writes",
        "the-quota-is-near",
      ),
      expr: `etcd_mvcc_db_total_size_in_bytes{${job}} / etcd_server_quota_backend_bytes{${job}} > 0.8`,
    },
    {
      ...warning("EtcdFragmented", "24h", "More than half of etcd's file is free space", "the-quota-is-near"),
      expr: `etcd_mvcc_db_total_size_in_use_in_bytes{${job}} / etcd_mvcc_db_total_size_in_bytes{${job}} < 0.5 and etcd_mvcc_db_total_size_in_bytes{${job}} > 268435456`,
    },
    {
      // All members see the same state, so one that saw it turned on is enough.
      ...critical(
        "EtcdAuthenticationOff",
        "5m",
        "No member of etcd has found authentication turned on for three checks: each client may read and write all keys",
        "authentication-is-off",
      ),
      expr: `(time() - max(trellis_etcd_authentication_timestamp_seconds)) > ${3 * ACCESS_CHECK_MINUTES * MINUTE} or absent(trellis_etcd_authentication_timestamp_seconds)`,
    },
    {
      // The second turn is missed too, and followers had half an hour to step in.
      ...critical(
        "EtcdSnapshotTooOld",
        "5m",
        "etcd's newest snapshot is older than two intervals",
        "snapshots-are-too-old",
      ),
      expr: `(time() - max(trellis_etcd_snapshot_timestamp_seconds)) > ${2 * args.snapshotEveryHours * HOUR} or absent(trellis_etcd_snapshot_timestamp_seconds)`,
    },
  ];
}
