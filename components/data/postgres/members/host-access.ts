import { BACKUP_GROUP, REPLICATION_USER, REWIND_USER } from "../logins";

/** Who may log in to PostgreSQL from where: pg_hba.conf, which is read from top to bottom until a line fits. */
export interface HostAccessArgs {
  /**
   * The pods' ranges: members, the bootstrap job and applications in the cluster; also clients by HAProxy of a server whose
   * kube-proxy hides them behind its own address there.
   */
  readonly pods: readonly string[];

  /** From where HAProxy comes in for clients outside of the cluster: the servers' addresses. Nobody else gets in. */
  readonly servers: readonly string[];
}

/**
 * Passwords by SCRAM over TLS for everybody who comes by the network. Whoever may do more than an application comes from
 * the pods' ranges; the superuser also by the socket that its own user owns.
 */
export function hostAccess({ pods, servers }: HostAccessArgs): string[] {
  const overTls = (databases: string, user: string, ranges: readonly string[]) =>
    ranges.map((range) => `hostssl ${databases} ${user} ${range} scram-sha-256`);
  return [
    "local all postgres peer",
    "local all all scram-sha-256",
    `local replication ${REPLICATION_USER} scram-sha-256`, // Patroni asks its own server for its timeline
    ...overTls("replication", REPLICATION_USER, pods),
    // pg_rewind and Patroni's own checks of other members; no database of anybody's is theirs to read.
    ...overTls("postgres", REWIND_USER, pods),
    ...overTls("all", "postgres", pods),
    ...overTls("all", `+${BACKUP_GROUP}`, pods),
    `host all postgres,${REPLICATION_USER},${REWIND_USER},+${BACKUP_GROUP} all reject`,
    ...overTls("all", "all", [...pods, ...servers]),
    "host all all all reject",
  ];
}
