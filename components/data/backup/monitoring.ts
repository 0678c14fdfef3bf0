import type { WorkloadMonitoring } from "../../shared/workloads";
import { type BackupAlertsArgs, backupAlerts } from "./alerts";
import { BACKUP, LABELS } from "./names";

/** The exporter's metrics and the alerts on the backups. */
export const backupMonitoring = (args: BackupAlertsArgs): WorkloadMonitoring => ({
  workload: "backup",
  metrics: {
    object: { name: BACKUP.exporter, labels: LABELS.exporter },
    scrape: {
      through: "service",
      selector: LABELS.exporter,
      endpoints: [{ port: "metrics", path: "/metrics", interval: "1m", scrapeTimeout: "45s" }],
    },
    alerts: backupAlerts(args),
  },
});
