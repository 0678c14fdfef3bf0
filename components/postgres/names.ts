/** What the parts of the cluster are called, inside the cluster and among themselves. */
export const POSTGRES = {
  statefulSet: "postgres",
  /** Gives each member a name of its own in DNS. */
  headless: "postgres",
  primary: "postgres-primary",
  replica: "postgres-replica",
  serviceAccount: "postgres",
  ports: { postgres: 5432, rest: 8008 },
} as const;

export const LABELS = {
  "app.kubernetes.io/name": "postgres",
  "app.kubernetes.io/part-of": "trellis",
} as const;

/** The members' own NodePorts, by which HAProxy reaches each; its twin is in the edge room's ports. */
export const NODE_PORTS = { postgres: 30432, rest: 30008 } as const;

/** A NodePort is the first one plus the ordinal, and the next block begins after ten. */
export const MOST_MEMBERS = 9;

export function memberName(ordinal: number): string {
  return `${POSTGRES.statefulSet}-${ordinal}`;
}

/** All names under which clients and members reach PostgreSQL in the cluster; the server's certificate holds them. */
export function serverNames(namespace: string): string[] {
  const services = [POSTGRES.primary, POSTGRES.replica, POSTGRES.headless];
  return [
    ...services.flatMap((service) => [
      service,
      `${service}.${namespace}`,
      `${service}.${namespace}.svc`,
      `${service}.${namespace}.svc.cluster.local`,
    ]),
    `*.${POSTGRES.headless}.${namespace}.svc.cluster.local`,
    "localhost",
  ];
}
