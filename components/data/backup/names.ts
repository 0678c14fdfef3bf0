/** What the parts of the backups are called; they live beside PostgreSQL. */
export const BACKUP = {
  serviceAccount: "backup",
  /** Passwords and keys. */
  secret: "backup-access",
  /** What reads the copies off the cluster; no pod that writes them has it. */
  offsiteKeySecret: "backup-offsite-key",
  /** The authorities of the servers' certificates. */
  authorities: "backup-authorities",
  exporter: "backup-exporter",
  metricsService: "backup-metrics",
  metricsPort: 8080,
  offsitePolicy: "backup-to-offsite",
} as const;

/** The keys of the Secret, each under the variable that a job reads it from. */
export const SECRETS = {
  accessKey: "BACKUP_S3_ACCESS_KEY_ID",
  secretKey: "BACKUP_S3_SECRET_ACCESS_KEY",
  serverPassword: "BACKUP_SERVER_PASSWORD",
  offsiteAccessKey: "BACKUP_OFFSITE_ACCESS_KEY_ID",
  offsiteSecretKey: "BACKUP_OFFSITE_SECRET_ACCESS_KEY",
  offsiteRecipient: "BACKUP_OFFSITE_RECIPIENT",
  offsiteIdentity: "BACKUP_S3_IDENTITY",
  scratchPassword: "POSTGRES_PASSWORD",
} as const;

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** Each kind of pod has a name of its own, so that no selector of one finds another. */
export const LABELS = {
  jobs: { "app.kubernetes.io/name": "backup", ...PART_OF },
  copy: { "app.kubernetes.io/name": "backup-copy", ...PART_OF },
  exporter: { "app.kubernetes.io/name": BACKUP.exporter, ...PART_OF },
} as const;
