import { type AlertRule, alertsOf, type WorkloadMonitoring } from "../../shared/workloads";
import { LABELS, RAIN } from "./names";
import { RAIN_PANELS } from "./panels";

const { warning } = alertsOf("docs/rain.md");
const DAY = 86_400;
const JOB = `job="${RAIN.metrics}"`;

/** Alerts on the record. */
export const rainAlerts = (): AlertRule[] => [
  {
    // The current year is imported each day.
    ...warning(
      "RainNotImported",
      "1h",
      "No rain file was imported for three days: the record is not current",
      "the-record-is-not-current",
    ),
    expr: `time() - max(rain_last_import_timestamp_seconds{${JOB}}) > ${3 * DAY}`,
  },
  {
    ...warning(
      "RainMetricsMissing",
      "30m",
      "The metrics of the rain record are missing: its other alerts cannot fire",
      "the-metrics-are-missing",
    ),
    expr: `absent(up{${JOB}} == 1)`,
  },
];

/** The metrics of the record, the alerts on them, and the dashboard. */
export const rainMonitoring: WorkloadMonitoring = {
  workload: "rain-tracker",
  metrics: {
    object: { name: RAIN.metrics, labels: LABELS.metrics },
    scrape: {
      through: "service",
      selector: LABELS.metrics,
      endpoints: [{ port: "metrics", interval: "5m", scrapeTimeout: "1m" }],
    },
    alerts: rainAlerts(),
  },
  dashboard: {
    object: { name: "rain-dashboard", labels: LABELS.metrics },
    file: "rain.json",
    uid: "trellis-rain",
    title: "Rain Tracker",
    panels: RAIN_PANELS,
  },
};
