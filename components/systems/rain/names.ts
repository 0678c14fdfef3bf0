/** What the parts of Rain Tracker are called in the cluster. */
export const RAIN = {
  configMap: "rain-config",
  serviceAccount: "rain",
  archiveClaim: "rain-archive",
  migration: "rain-migration",
  api: "rain-api",
  metrics: "rain-metrics",
  /** The job of the daily schedule, from which a helper learns the image that is deployed. */
  dailySchedule: "rain-import-current-year",
} as const;

/** The HTTP port of the API, and where Prometheus reads. */
export const PORTS = { api: 8080, metrics: 9464 } as const;

const PART_OF = { "app.kubernetes.io/part-of": "rain-tracker" };

/** Imports carry another name than the API, or its Service would send requests to them. */
export const LABELS = {
  import: { ...PART_OF, "app.kubernetes.io/name": "rain-import" },
  migration: { ...PART_OF, "app.kubernetes.io/name": RAIN.migration },
  api: { ...PART_OF, "app.kubernetes.io/name": RAIN.api },
  metrics: { ...PART_OF, "app.kubernetes.io/name": RAIN.metrics },
  common: PART_OF,
} as const;
