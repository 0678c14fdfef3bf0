/** Names of Rain Tracker's objects in the cluster. */
export const RAIN = {
  configMap: "rain-config",
  serviceAccount: "rain",
  archiveClaim: "rain-archive",
  /** The Secret that opens the bucket of the archive. */
  filesSecret: "rain-files",
  migration: "rain-migration",
  api: "rain-api",
  metrics: "rain-metrics",
  /** The CronJob of the daily import. `rain-import` reads the deployed image from it. */
  dailySchedule: "rain-import-current-year",
} as const;

/** The HTTP ports of the API and of the metrics. */
export const PORTS = { api: 8080, metrics: 9464 } as const;

const PART_OF = { "app.kubernetes.io/part-of": "rain-tracker" };

/** Imports and API have different names; otherwise the API's Service would send requests to imports. */
export const LABELS = {
  import: { ...PART_OF, "app.kubernetes.io/name": "rain-import" },
  migration: { ...PART_OF, "app.kubernetes.io/name": RAIN.migration },
  api: { ...PART_OF, "app.kubernetes.io/name": RAIN.api },
  metrics: { ...PART_OF, "app.kubernetes.io/name": RAIN.metrics },
  common: PART_OF,
} as const;
