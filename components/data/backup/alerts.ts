import type { Environment } from "../../settings";
import { type AlertRule, alertsOf } from "../../shared/workloads";
import { BACKUP } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/restore.md");
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** One day, plus the time that a slow backup may take. */
const MOST_AGE = 26 * HOUR;

export interface BackupAlertsArgs {
  /** A dev stack does not verify or drill on a schedule, so it gets no alerts about those. */
  readonly environment: Environment;
  /** Whether backups are copied off the cluster; adds an alert on the copies. */
  readonly offsite: boolean;
}

/** Alerts on the backups, from their exporter's metrics. */
export function backupAlerts({ environment, offsite }: BackupAlertsArgs): AlertRule[] {
  return [
    ...COMMON_ALERTS,
    ...(offsite ? [COPY_ALERT] : []),
    ...(environment === "dev" ? [] : RESTORABILITY_ALERTS),
  ];
}

const COMMON_ALERTS: readonly AlertRule[] = [
  {
    ...critical("BackupTooOld", "10m", "The newest good backup is over 26 hours old", "backups-are-too-old"),
    expr: `time() - backup_last_success_timestamp > ${MOST_AGE}`,
  },
  {
    // A new cluster has no backup until its first night.
    ...critical("BackupMissing", "26h", "There is no good backup", "backups-are-too-old"),
    expr: "backup_total_count == 0",
  },
  {
    ...warning("BackupFailed", "1m", "The last backup run failed", "backups-are-too-old"),
    expr: 'backup_run_good{verb="create"} == 0',
  },
  {
    ...warning(
      "BackupShrunk",
      "1m",
      "The newest backup is less than half the size of the one before",
      "a-backup-shrank",
    ),
    expr: "backup_last_size_bytes < 0.5 * backup_previous_size_bytes",
  },
  {
    ...critical(
      "BackupDamaged",
      "1m",
      "A backup is damaged, or its verification failed",
      "a-backup-is-damaged",
    ),
    expr: 'backup_last_verification_good == 0 or backup_damaged_count > 0 or backup_run_good{verb="verify"} == 0',
  },
  {
    ...warning("BackupStoreUnreadable", "15m", "The backup bucket cannot be read", "the-exporter-is-down"),
    expr: "backup_store_up == 0",
  },
  {
    ...warning(
      "BackupExporterDown",
      "15m",
      "The backup exporter is down: other backup alerts cannot fire",
      "the-exporter-is-down",
    ),
    expr: `absent(up{job="${BACKUP.metricsService}"} == 1)`,
  },
];

const COPY_ALERT: AlertRule = {
  ...critical(
    "BackupNotOffsite",
    "10m",
    "The last off-site copy failed, or is over 26 hours old",
    "off-site-copies-fail",
  ),
  expr: `backup_run_good{verb="copy"} == 0 or time() - backup_run_timestamp{verb="copy"} > ${MOST_AGE}`,
};

/** Alerts on verifications and drills, which run on a schedule outside of dev only. */
const RESTORABILITY_ALERTS: readonly AlertRule[] = [
  {
    ...warning(
      "BackupUnverified",
      "10m",
      "No backup has been verified for nine hours",
      "a-backup-is-damaged",
    ),
    expr: `time() - backup_run_timestamp{verb="verify"} > ${9 * HOUR}`,
  },
  {
    ...critical(
      "BackupDrillFailed",
      "1m",
      "The last restore drill failed: the newest backup may not be restorable",
      "a-drill-failed",
    ),
    expr: 'backup_run_good{verb="drill"} == 0',
  },
  {
    // Before the first drill, the age of the oldest backup counts.
    ...warning("BackupDrillTooOld", "1h", "No restore drill has run for eight days", "a-drill-failed"),
    expr:
      `time() - backup_run_timestamp{verb="drill"} > ${8 * DAY} or ` +
      `(time() - backup_oldest_timestamp > ${8 * DAY} unless on () backup_run_timestamp{verb="drill"})`,
  },
];
