import { ETCD_PANELS } from "../../servers";
import { type AlertRule, alertsOf, type WorkloadMonitoring } from "../../shared/workloads";
import { LABELS } from "./names";
import { OVERVIEW_PANELS } from "./overview";
import { RECORDINGS } from "./recordings";

const { critical, warning } = alertsOf("docs/runbooks/health.md");

/** @param everyHours Hours between two runs. */
export const operationsAlerts = (everyHours = 1): AlertRule[] => [
  {
    ...critical("HealthChecksFail", "1m", "A check of the platform has failed", "a-check-fails"),
    expr: 'trellis_health_verdict{verdict="failing"} == 1',
  },
  {
    ...warning(
      "HealthChecksUnknown",
      "1m",
      "Some checks of the platform could not be made",
      "a-check-could-not-be-made",
    ),
    expr: 'trellis_health_verdict{verdict="not all could be checked"} == 1',
  },
  {
    ...warning(
      "HealthChecksMissing",
      "15m",
      "The checks of the platform have not run for three times as long as they should",
      "the-checks-do-not-run",
    ),
    expr: `(time() - trellis_health_run_timestamp_seconds) > ${3 * everyHours * 3600} or absent(trellis_health_run_timestamp_seconds)`,
  },
];

interface MonitoringArgs {
  /** Hours between two runs. */
  readonly everyHours: number;
  /** Whether object storage is MinIO in the cluster, whose metrics Prometheus has. */
  readonly hasMinio: boolean;
}

/** What the exporter of the checks declares beside itself. */
export const operationsMonitoring = ({ everyHours, hasMinio }: MonitoringArgs) => ({
  alerts: operationsAlerts(everyHours),
  recordings: RECORDINGS,
  dashboard: {
    object: { name: "overview-dashboard", labels: LABELS.exporter },
    file: "overview.json",
    uid: "trellis-overview",
    title: "Trellis: overview",
    panels: OVERVIEW_PANELS.filter(({ expr }) => hasMinio || !expr.includes("minio_")),
  },
});

/** The dashboard of the servers' etcd, which runs outside of the cluster and has no namespace of its own. */
export const etcdMonitoring: WorkloadMonitoring = {
  workload: "etcd",
  dashboard: {
    object: { name: "etcd-dashboard", labels: LABELS.exporter },
    file: "etcd.json",
    uid: "trellis-etcd",
    title: "etcd",
    panels: ETCD_PANELS,
  },
};
