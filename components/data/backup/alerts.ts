import type { Environment } from "../../settings";
import { type AlertRule, alertsOf } from "../../shared/alert-rule";
import { BACKUP } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/restore.md");
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Older than a day and the time that a slow one may take. */
const MOST_AGE = 26 * HOUR;

export interface BackupAlertsArgs {
  /** A development stack neither verifies nor drills by itself. */
  readonly environment: Environment;
  /** Whether copies leave the cluster. */
  readonly offsite: boolean;
}

/** What a person must hear of the backups, by what their exporter tells. */
export function backupAlerts({ environment, offsite }: BackupAlertsArgs): AlertRule[] {
  const rules: AlertRule[] = [
    {
      ...critical(
        "BackupTooOld",
        "10m",
        "The newest good backup is over 26 hours old",
        "backups-are-too-old",
      ),
      expr: `time() - backup_last_success_timestamp > ${MOST_AGE}`,
    },
    {
      // A new cluster has none until its first night.
      ...critical("BackupMissing", "26h", "There is no good backup", "backups-are-too-old"),
      expr: "backup_total_count == 0",
    },
    {
      ...warning("BackupFailed", "1m", "The last run of the backup failed", "backups-are-too-old"),
      expr: 'backup_run_good{verb="create"} == 0',
    },
    {
      ...warning(
        "BackupShrunk",
        "1m",
        "The newest backup has less than half of the size of the one before",
        "a-backup-shrank",
      ),
      expr: "backup_last_size_bytes < 0.5 * backup_previous_size_bytes",
    },
    {
      ...critical(
        "BackupDamaged",
        "1m",
        "A backup is not what was stored, or could not be read back",
        "a-backup-is-damaged",
      ),
      expr: 'backup_last_verification_good == 0 or backup_damaged_count > 0 or backup_run_good{verb="verify"} == 0',
    },
    {
      ...warning(
        "BackupStoreUnreadable",
        "15m",
        "The bucket of the backups cannot be read",
        "the-exporter-is-down",
      ),
      expr: "backup_store_up == 0",
    },
    {
      ...warning("BackupExporterDown", "15m", "Nobody tells how the backups stand", "the-exporter-is-down"),
      expr: `absent(up{job="${BACKUP.metricsService}"} == 1)`,
    },
  ];
  if (offsite) {
    rules.push({
      ...critical(
        "BackupNotOffsite",
        "10m",
        "The last copy off the cluster failed, or is over 26 hours old",
        "off-site-copies-fail",
      ),
      expr: `backup_run_good{verb="copy"} == 0 or time() - backup_run_timestamp{verb="copy"} > ${MOST_AGE}`,
    });
  }
  if (environment !== "dev") {
    rules.push(
      {
        ...warning(
          "BackupUnverified",
          "10m",
          "No backup has been read back for nine hours",
          "a-backup-is-damaged",
        ),
        expr: `time() - backup_run_timestamp{verb="verify"} > ${9 * HOUR}`,
      },
      {
        ...critical(
          "BackupDrillFailed",
          "1m",
          "The last drill failed: the newest backup does not restore to what it was",
          "a-drill-failed",
        ),
        expr: 'backup_run_good{verb="drill"} == 0',
      },
      {
        // Where there never was one, the oldest backup has waited for it.
        ...warning("BackupDrillTooOld", "1h", "No backup has been restored for eight days", "a-drill-failed"),
        expr:
          `time() - backup_run_timestamp{verb="drill"} > ${8 * DAY} or ` +
          `(time() - backup_oldest_timestamp > ${8 * DAY} unless on () backup_run_timestamp{verb="drill"})`,
      },
    );
  }
  return rules;
}
