/** Names of the objects of the operator's checks. */
export const OPERATIONS = {
  /** The service account that reads the platform. */
  account: "operations",
  /** The CronJob of the checks, from which `trellis health` takes its pod. */
  health: "operations-health",
  /** The service account and the Deployment that serve the last run's findings to Prometheus. */
  exporter: "operations-exporter",
  /** The service account, the Deployment, the Service and the Ingress of the status page. */
  page: "operations-page",
  /** ConfigMap with what the stack has, and the CA certificates. */
  platform: "operations-platform",
  /** Secret with the logins and the token of the checks. */
  access: "operations-access",
  /** ConfigMap that keeps the last runs. */
  history: "operations-history",
  ports: { metrics: 8080, page: 8081 },
} as const;

const PART_OF = { "app.kubernetes.io/part-of": "operations" };

export const LABELS = {
  common: PART_OF,
  health: { ...PART_OF, "app.kubernetes.io/name": OPERATIONS.health },
  exporter: { ...PART_OF, "app.kubernetes.io/name": OPERATIONS.exporter },
  page: { ...PART_OF, "app.kubernetes.io/name": OPERATIONS.page },
} as const;

/** The folders that the checks read, and the files in them. */
export const FILES = {
  platform: "/etc/trellis/platform",
  access: "/etc/trellis/access",
  /** What the stack has, as `platformSchema` of the jobs describes it. */
  description: "platform.json",
  authorities: "ca.crt",
  objectsToken: "objects-token",
} as const;
