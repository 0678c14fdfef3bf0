/** Who may log in to PostgreSQL from where: pg_hba.conf, which is read from top to bottom until a line fits. */
export interface HostAccessArgs {
  /** The ranges that clients and members come from: the pods', and the servers' behind HAProxy. Nobody else gets in. */
  readonly networks: readonly string[];
}

export const REPLICATION_USER = "replicator";
export const REWIND_USER = "rewinder";

/**
 * Passwords by SCRAM over TLS for everybody who comes by the network; the superuser only from inside the container,
 * by the socket that its own user owns.
 */
export function hostAccess({ networks }: HostAccessArgs): string[] {
  return [
    "local all postgres peer",
    "local all all scram-sha-256",
    ...networks.map((network) => `hostssl replication ${REPLICATION_USER} ${network} scram-sha-256`),
    // pg_rewind and Patroni's own checks of other members; no database of anybody's is theirs to read.
    ...networks.map((network) => `hostssl postgres ${REWIND_USER} ${network} scram-sha-256`),
    "host all postgres all reject",
    `host all ${REPLICATION_USER},${REWIND_USER} all reject`,
    ...networks.map((network) => `hostssl all all ${network} scram-sha-256`),
    "host all all all reject",
  ];
}
