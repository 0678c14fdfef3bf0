import { hostOf } from "../../shared/pods";
import type { WorkloadMonitoring } from "../../shared/workloads";
import { discoveryAlerts, memberAlerts, type PostgresAlertsArgs } from "./alerts";
import { POOLER_PANELS, POSTGRES_PANELS } from "./dashboard";
import { LABELS, POSTGRES } from "./names";

interface PostgresMonitoringArgs extends PostgresAlertsArgs {
  /** Whether there are poolers. */
  readonly pooling: boolean;
}

/** The metrics of the members and of the watchers, and the alerts on them. */
export function postgresMonitoring({ pooling, ...args }: PostgresMonitoringArgs): WorkloadMonitoring[] {
  const { namespace } = args;
  return [
    {
      workload: POSTGRES.statefulSet,
      metrics: {
        object: { name: POSTGRES.statefulSet, labels: LABELS.members },
        scrape: {
          through: "pods",
          selector: LABELS.members,
          endpoints: [
            {
              port: "patroni",
              scheme: "https",
              interval: "15s",
              tlsConfig: {
                serverName: hostOf(POSTGRES.headless, namespace),
                ca: { secret: { name: POSTGRES.serverCertificate, key: "ca.crt" } },
              },
            },
          ],
        },
        alerts: memberAlerts(args),
      },
      dashboard: {
        object: { name: "postgres-dashboard", labels: LABELS.members },
        file: "postgres.json",
        uid: "trellis-postgres",
        title: "PostgreSQL",
        panels: pooling ? [...POSTGRES_PANELS, ...POOLER_PANELS] : POSTGRES_PANELS,
      },
    },
    {
      workload: POSTGRES.discovery,
      metrics: {
        object: { name: POSTGRES.discovery, labels: LABELS.discovery },
        scrape: {
          through: "pods",
          selector: LABELS.discovery,
          endpoints: [{ port: "health", interval: "30s" }],
        },
        alerts: discoveryAlerts(namespace),
      },
    },
  ];
}
