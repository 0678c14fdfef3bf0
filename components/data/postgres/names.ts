import { hostOf, serviceNames } from "../../shared/pods";

/** Names of PostgreSQL's objects in the cluster. */
export const POSTGRES = {
  statefulSet: "postgres",
  /** Headless Service, which gives each member its own DNS name. */
  headless: "postgres",
  primary: "postgres-primary",
  replica: "postgres-replica",
  pooler: "postgres-pooler",
  /** Headless Service whose name has the address of each pooler. */
  poolers: "postgres-poolers",
  poolerExporter: "postgres-pooler-exporter",
  discovery: "postgres-discovery",
  bootstrap: "postgres-bootstrap",
  /** Monitors the archive. */
  archive: "postgres-archive",
  /** Makes the base backups that a recovery starts from. */
  baseBackup: "postgres-base-backup",
  /** A separate server with the data of a past moment. */
  recovery: "postgres-recovery",
  /** Moves the data to the next major release. */
  upgrade: "postgres-upgrade",
  serviceAccount: "postgres",
  /** Secret with the CA, the certificate and the key that members and poolers present. */
  serverCertificate: "postgres-certificate",
  ports: {
    postgres: 5432,
    rest: 8008,
    /** pgBackRest's server, through which base backups read a member's data. */
    pgbackrest: 8432,
    archiveMetrics: 9187,
    /** Metrics of the leader-key watcher, and of the exporters of the poolers and of the backups. */
    podMetrics: 8080,
  },
} as const;

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** Each kind of pod has its own name label, so that no selector matches the pods of another kind. */
export const LABELS = {
  members: { "app.kubernetes.io/name": "postgres", ...PART_OF },
  discovery: { "app.kubernetes.io/name": POSTGRES.discovery, ...PART_OF },
  bootstrap: { "app.kubernetes.io/name": POSTGRES.bootstrap, ...PART_OF },
  pooler: { "app.kubernetes.io/name": POSTGRES.pooler, ...PART_OF },
  poolerExporter: { "app.kubernetes.io/name": POSTGRES.poolerExporter, ...PART_OF },
  archive: { "app.kubernetes.io/name": POSTGRES.archive, ...PART_OF },
  baseBackup: { "app.kubernetes.io/name": POSTGRES.baseBackup, ...PART_OF },
  upgrade: { "app.kubernetes.io/name": POSTGRES.upgrade, ...PART_OF },
  recovery: { "app.kubernetes.io/name": POSTGRES.recovery, ...PART_OF },
} as const;

export function memberName(ordinal: number): string {
  return `${POSTGRES.statefulSet}-${ordinal}`;
}

/** The claim of a member. */
export const claimName = (ordinal: number): string => `data-${memberName(ordinal)}`;

/**
 * All host names by which clients and members reach PostgreSQL in the cluster; the server's certificate contains them.
 */
export const serverNames = (namespace: string): string[] => [
  ...[POSTGRES.primary, POSTGRES.replica, POSTGRES.pooler, POSTGRES.headless].flatMap((service) =>
    serviceNames(service, namespace),
  ),
  `*.${hostOf(POSTGRES.headless, namespace)}`,
  "localhost",
];
