import type { WorkloadMonitoring } from "../../../shared/workloads";
import { LABELS, POSTGRES } from "../names";
import { archiveAlerts } from "./alerts";

/** The metrics of the archive's monitor, and the alerts on them. */
export const archiveMonitoring = (repositories: number, maxAgeDays?: number): WorkloadMonitoring => ({
  workload: "postgres-archive",
  metrics: {
    object: { name: POSTGRES.archive, labels: LABELS.archive },
    scrape: {
      through: "pods",
      selector: LABELS.archive,
      endpoints: [{ port: "metrics", interval: "30s", scrapeTimeout: "25s" }],
    },
    alerts: archiveAlerts({ repositories, maxAgeDays }),
  },
});
