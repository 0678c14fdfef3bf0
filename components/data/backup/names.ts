import { POSTGRES } from "../postgres";

/** Names of the backup objects. They are in PostgreSQL's namespace. */
export const BACKUP = {
  serviceAccount: "backup",
  /** Secret with the passwords and keys that the jobs use. */
  secret: "backup-access",
  /** Secret with the identity that decrypts off-site copies. No pod that writes copies gets it. */
  offsiteKeySecret: "backup-offsite-key",
  /** Secret with the key that can delete off-site. Only the job that prunes there gets it. */
  pruneSecret: "backup-prune-access",
  /** ConfigMap with the CA certificates of PostgreSQL and the object store. */
  authorities: "backup-authorities",
  exporter: "backup-exporter",
  metricsService: "backup-metrics",
  metricsPort: POSTGRES.ports.podMetrics,
  offsitePolicy: "backup-to-offsite",
} as const;

/** Keys of the Secrets, each named after the variable that a job reads. */
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

/** Each kind of pod has its own name label, so that no selector matches the pods of another kind. */
export const LABELS = {
  jobs: { "app.kubernetes.io/name": "backup", ...PART_OF },
  copy: { "app.kubernetes.io/name": "backup-copy", ...PART_OF },
  exporter: { "app.kubernetes.io/name": BACKUP.exporter, ...PART_OF },
} as const;
