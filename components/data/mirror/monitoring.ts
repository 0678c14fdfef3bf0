import type { Environment } from "../../settings";
import type { WorkloadMonitoring } from "../../shared/workloads";
import { mirrorAlerts } from "./alerts";
import { LABELS, MIRROR } from "./names";

/** The exporter's metrics, and the alerts on them. */
export const mirrorMonitoring = (environment: Environment): WorkloadMonitoring => ({
  workload: "object-mirror",
  metrics: {
    object: { name: MIRROR.exporter, labels: LABELS.exporter },
    scrape: {
      through: "service",
      selector: LABELS.exporter,
      endpoints: [{ port: "metrics", path: "/metrics", interval: "1m", scrapeTimeout: "45s" }],
    },
    alerts: mirrorAlerts(environment),
  },
});
