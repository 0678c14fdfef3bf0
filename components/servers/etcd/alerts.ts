import { type AlertRule, alertsOf, explainedByServerDown } from "../../shared/workloads";
import { ACCESS_CHECK_MINUTES } from "./access";

const { critical, warning } = alertsOf("docs/runbooks/etcd.md");
const MINUTE = 60;
const HOUR = 3600;

/**
 * Alerts on etcd. The times of the last snapshot and of the last authentication check come from the members'
 * node-exporters, all else from etcd's own metrics.
 */
export function etcdAlerts(args: {
  /** The number of members; the alert on a lost quorum follows from it. */
  readonly members: number;
  /** Hours between two snapshots. The alert fires when the newest is more than twice as old. */
  readonly snapshotEveryHours: number;
  /** The Prometheus job that scrapes the members. @default "etcd" */
  readonly job?: string;
}): AlertRule[] {
  const job = `job="${args.job ?? "etcd"}"`;
  const quorum = Math.floor(args.members / 2) + 1;
  return [
    {
      ...critical(
        "EtcdNoLeader",
        "1m",
        "An etcd member has no leader: it refuses all requests",
        "a-member-has-no-leader",
      ),
      expr: `etcd_server_has_leader{${job}} == 0`,
    },
    {
      ...critical("EtcdQuorumLost", "1m", "etcd has no quorum: all writes fail", "quorum-is-lost"),
      expr: `(count(up{${job}} == 1) or vector(0)) < ${quorum}`,
    },
    explainedByServerDown({
      ...warning(
        "EtcdMemberDown",
        "5m",
        "An etcd member is down: the loss of another can cost the quorum",
        "a-member-is-lost",
      ),
      expr: `up{${job}} == 0`,
    }),
    {
      ...warning(
        "EtcdLeaderChanges",
        "5m",
        "etcd changed its leader more than four times within an hour",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `increase(etcd_server_leader_changes_seen_total{${job}}[1h]) > 4`,
    },
    {
      ...warning(
        "EtcdProposalsFail",
        "10m",
        "etcd writes fail: more than five within 15 minutes",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `rate(etcd_server_proposals_failed_total{${job}}[15m]) * 900 > 5`,
    },
    {
      // etcd's hardware guide recommends 99th percentiles below 10 ms for a WAL fsync and 25 ms for a commit. The next
      // two alerts fire at twice these values.
      ...warning(
        "EtcdSlowDisk",
        "10m",
        "etcd's disk is slow: the 99th percentile of WAL syncs is over 20 ms",
        "the-disk-or-the-network-is-slow",
      ),
      expr: `histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket{${job}}[5m]))) > 0.02`,
    },
    {
      ...warning(
        "EtcdSlowCommit",
        "10m",
        "etcd's disk is slow: the 99th percentile of commits is over 50 ms",
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
      ...warning(
        "EtcdFragmented",
        "24h",
        "More than half of etcd's database file is free space: defragment it",
        "the-quota-is-near",
      ),
      expr: `etcd_mvcc_db_total_size_in_use_in_bytes{${job}} / etcd_mvcc_db_total_size_in_bytes{${job}} < 0.5 and etcd_mvcc_db_total_size_in_bytes{${job}} > 268435456`,
    },
    {
      // All members have the same state, so it is enough that one of them found authentication on.
      ...critical(
        "EtcdAuthenticationOff",
        "5m",
        "No member of etcd has found authentication turned on for three checks: each client may read and write all keys",
        "authentication-is-off",
      ),
      expr: `(time() - max(trellis_etcd_authentication_timestamp_seconds)) > ${3 * ACCESS_CHECK_MINUTES * MINUTE} or absent(trellis_etcd_authentication_timestamp_seconds)`,
    },
    {
      // The second snapshot is missing too, and the followers had half an hour to take it instead of the leader.
      ...critical(
        "EtcdSnapshotTooOld",
        "5m",
        `The newest etcd snapshot is over ${2 * args.snapshotEveryHours} hours old, or there is none`,
        "snapshots-are-too-old",
      ),
      expr: `(time() - max(trellis_etcd_snapshot_timestamp_seconds)) > ${2 * args.snapshotEveryHours * HOUR} or absent(trellis_etcd_snapshot_timestamp_seconds)`,
    },
  ];
}
