import type { InlineChart } from "../../cluster";
import { POSTGRES_NAMESPACE } from "../postgres";
import { type BackupAlertsArgs, backupAlerts } from "./alerts";
import { BACKUP, LABELS } from "./names";

/**
 * The ServiceMonitor and alert rules of the backups. Their CRDs arrive with the monitoring add-on, so these objects
 * come as an inline chart that the cluster retries.
 */
export function addOnObjects(args: BackupAlertsArgs): InlineChart {
  const metadata = { name: BACKUP.exporter, namespace: POSTGRES_NAMESPACE, labels: LABELS.exporter };
  return {
    name: "backup-add-on-objects",
    manifests: [
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata,
        spec: {
          selector: { matchLabels: LABELS.exporter },
          endpoints: [{ port: "metrics", path: "/metrics", interval: "1m", scrapeTimeout: "45s" }],
        },
      },
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata,
        spec: { groups: [{ name: "backup", rules: backupAlerts(args) }] },
      },
    ],
  };
}
