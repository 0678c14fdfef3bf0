import { type AlertRule, alertsOf } from "../../../shared/workloads";
import { leaderAlerts } from "../alerts";

const { critical, warning } = alertsOf("docs/runbooks/point-in-time.md");
const HOUR = 3600;

/** A backup is due each day. An alert fires when the newest is older than this. */
const LATEST_BACKUP_HOURS = 26;

/** Alerts on the WAL archive. Each means that fewer moments can be recovered. */
export function archiveAlerts({
  repositories,
  maxAgeDays,
}: {
  readonly repositories: number;
  /** Days after which the last check of the archive is too old. @default nothing is checked on a schedule */
  readonly maxAgeDays?: number | undefined;
}): AlertRule[] {
  const checks = maxAgeDays === undefined ? [] : checkAlerts(repositories, maxAgeDays);
  return [
    ...WAL_ALERTS,
    ...baseBackupAlerts(repositories),
    ...checks,
    monitorAlert(repositories),
    ...leaderAlerts(),
  ];
}

const WAL_ALERTS: readonly AlertRule[] = [
  {
    ...warning(
      "PostgresArchiveBehind",
      "1m",
      "A WAL segment has waited over two minutes for the archive: losing the servers now loses it",
      "the-archive-is-behind",
    ),
    expr: "max(trellis_archive_oldest_waiting_seconds) > 120",
  },
  {
    ...critical(
      "PostgresArchiveStopped",
      "1m",
      "No WAL has been archived for 15 minutes",
      "the-archive-is-behind",
    ),
    expr: "max(trellis_archive_oldest_waiting_seconds) > 900",
  },
  {
    // At half, as much time is left as the queue took to get there.
    ...critical(
      "PostgresArchiveQueueFills",
      "1m",
      "The queue of WAL for the archive is half full: when it is full, WAL is dropped and the archive has a gap",
      "the-wal-queue-fills-up",
    ),
    expr: "max(trellis_archive_waiting_bytes) > 0.5 * max(trellis_archive_queue_limit_bytes)",
  },
  {
    ...critical(
      "PostgresArchiveGap",
      "1m",
      "The archive has a gap after its newest base backup: later moments cannot be recovered until the next base backup",
      "the-archive-has-a-gap",
    ),
    expr: "max by (repository) (trellis_archive_gap) > 0",
  },
];

function baseBackupAlerts(repositories: number): AlertRule[] {
  return [
    {
      ...warning(
        "PostgresBaseBackupTooOld",
        "5m",
        `The newest base backup is over ${LATEST_BACKUP_HOURS} hours old: a recovery takes longer with each hour`,
        "a-base-backup-is-too-old",
      ),
      expr: `time() - max by (repository) (trellis_archive_backup_timestamp_seconds) > ${LATEST_BACKUP_HOURS * HOUR}`,
    },
    {
      ...warning(
        "PostgresFullBackupTooOld",
        "5m",
        "The newest full backup is over eight days old",
        "a-base-backup-is-too-old",
      ),
      expr: `time() - max by (repository) (trellis_archive_backup_timestamp_seconds{type="full"}) > ${8 * 24 * HOUR}`,
    },
    {
      ...critical(
        "PostgresNotRecoverable",
        "1h",
        "A repository has no full backup: nothing can be recovered from it",
        "a-base-backup-is-too-old",
      ),
      expr: `(count(trellis_archive_backup_timestamp_seconds{type="full"}) or vector(0)) < ${repositories}`,
    },
  ];
}

function checkAlerts(repositories: number, days: number): AlertRule[] {
  const tooOld = (check: "verify" | "drill") =>
    `time() - max by (repository) (trellis_archive_check_timestamp_seconds{check="${check}"}) > ${days * 24 * HOUR}`;
  // A new cluster has had no check; then their number is too low for as long.
  const never = `(count(trellis_archive_check_timestamp_seconds) or vector(0)) < ${2 * repositories}`;
  return [
    {
      ...critical(
        "PostgresArchiveDamaged",
        "5m",
        "The last verification of the archive found damaged or missing files, or failed",
        "the-archive-is-damaged",
      ),
      expr: 'min by (repository) (trellis_archive_check_good{check="verify"}) == 0',
    },
    {
      ...critical(
        "PostgresRecoveryDrillFailed",
        "5m",
        "The last recovery of a moment from the archive failed",
        "a-recovery-drill-failed",
      ),
      expr: 'min by (repository) (trellis_archive_check_good{check="drill"}) == 0',
    },
    {
      ...warning(
        "PostgresArchiveUnverified",
        "1h",
        `The archive was not verified, or no moment of it was recovered, for over ${days} days`,
        "a-check-is-too-old",
      ),
      expr: `${tooOld("verify")} or ${tooOld("drill")}`,
    },
    {
      ...warning(
        "PostgresArchiveNeverChecked",
        `${days}d`,
        `The archive has not been verified, or no moment of it recovered, for the first ${days} days`,
        "a-check-is-too-old",
      ),
      expr: never,
    },
  ];
}

function monitorAlert(repositories: number): AlertRule {
  return {
    ...warning(
      "PostgresArchiveUnwatched",
      "10m",
      "The WAL archive is not monitored: the leader or a repository does not answer",
      "the-archive-is-not-monitored",
    ),
    expr: `absent(trellis_archive_waiting_bytes) or count(trellis_archive_repository_up == 1) < ${repositories} or absent(trellis_archive_repository_up == 1)`,
  };
}
