/** What the parts of the cluster are called, inside the cluster and among themselves. */
export const POSTGRES = {
  statefulSet: "postgres",
  /** Gives each member a name of its own in DNS. */
  headless: "postgres",
  primary: "postgres-primary",
  replica: "postgres-replica",
  pooler: "postgres-pooler",
  discovery: "postgres-discovery",
  bootstrap: "postgres-bootstrap",
  /** Watches the archive. */
  archive: "postgres-archive",
  /** Makes the backups that a recovery begins from. */
  baseBackup: "postgres-base-backup",
  /** A server of its own that shows a moment of the past. */
  recovery: "postgres-recovery",
  serviceAccount: "postgres",
  ports: { postgres: 5432, rest: 8008, pgbackrest: 8432, archiveMetrics: 9187 },
} as const;

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** Each kind of pod has a name of its own, so that no selector of one finds another. */
export const LABELS = {
  members: { "app.kubernetes.io/name": "postgres", ...PART_OF },
  discovery: { "app.kubernetes.io/name": POSTGRES.discovery, ...PART_OF },
  bootstrap: { "app.kubernetes.io/name": POSTGRES.bootstrap, ...PART_OF },
  pooler: { "app.kubernetes.io/name": POSTGRES.pooler, ...PART_OF },
  archive: { "app.kubernetes.io/name": POSTGRES.archive, ...PART_OF },
  baseBackup: { "app.kubernetes.io/name": POSTGRES.baseBackup, ...PART_OF },
  recovery: { "app.kubernetes.io/name": POSTGRES.recovery, ...PART_OF },
} as const;

/** The namespace that the foundation gives to PostgreSQL; names in certificates and addresses end in it. */
export const POSTGRES_NAMESPACE = "postgres";

export function memberName(ordinal: number): string {
  return `${POSTGRES.statefulSet}-${ordinal}`;
}

/** The whole name of a service, which resolves from every namespace and stands in the server's certificate. */
export function hostOf(service: string, namespace = POSTGRES_NAMESPACE): string {
  return `${service}.${namespace}.svc.cluster.local`;
}

/** All names under which clients and members reach PostgreSQL in the cluster; the server's certificate holds them. */
export function serverNames(namespace = POSTGRES_NAMESPACE): string[] {
  const services = [POSTGRES.primary, POSTGRES.replica, POSTGRES.pooler, POSTGRES.headless];
  return [
    ...services.flatMap((service) => [
      service,
      `${service}.${namespace}`,
      `${service}.${namespace}.svc`,
      hostOf(service, namespace),
    ]),
    `*.${hostOf(POSTGRES.headless, namespace)}`,
    "localhost",
  ];
}
