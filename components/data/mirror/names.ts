/** Names of the mirror's objects. They are in the namespace of object storage. */
export const MIRROR = {
  serviceAccount: "object-mirror",
  /** Secret with the keys that all runs use. */
  secret: "object-mirror-access",
  /** Secret with the key that can delete off-site. Only the pruning job gets it. */
  pruneSecret: "object-mirror-prune",
  /** Secret with the identity that decrypts the copies. No pod that writes copies gets it. */
  keySecret: "object-mirror-key",
  exporter: "object-mirror-exporter",
  metricsService: "object-mirror-metrics",
  offsitePolicy: "object-mirror-to-offsite",
} as const;

/** Keys of the Secrets, each named after the variable that a job reads. */
export const SECRETS = {
  accessKey: "MIRROR_S3_ACCESS_KEY_ID",
  secretKey: "MIRROR_S3_SECRET_ACCESS_KEY",
  offsiteAccessKey: "MIRROR_OFFSITE_ACCESS_KEY_ID",
  offsiteSecretKey: "MIRROR_OFFSITE_SECRET_ACCESS_KEY",
  recipient: "MIRROR_RECIPIENT",
  identity: "MIRROR_IDENTITY",
} as const;

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** The jobs and the exporter have different labels: only the jobs may leave the cluster. */
export const LABELS = {
  jobs: { "app.kubernetes.io/name": "object-mirror", ...PART_OF },
  exporter: { "app.kubernetes.io/name": MIRROR.exporter, ...PART_OF },
} as const;
