import { BACKUP_GROUP, REPLICATION_USER, REWIND_USER } from "../logins";

/**
 * Arguments of pg_hba.conf: who may log in to PostgreSQL from where. PostgreSQL applies the first line that matches.
 */
export interface HostAccessArgs {
  /**
   * CIDRs of the pods: of the members, the bootstrap job and applications in the cluster. They also cover clients that
   * come through HAProxy, if kube-proxy replaces their address with the server's own address in these CIDRs.
   */
  readonly pods: readonly string[];

  /**
   * HAProxy's source addresses, for clients outside of the cluster: the servers' addresses. All other addresses are
   * rejected.
   */
  readonly servers: readonly string[];
}

/**
 * Every network login needs a SCRAM password over TLS. Logins with more rights than an application may come only from
 * the pods' CIDRs. The superuser may also use the unix socket, as its own system user.
 */
export function hostAccess({ pods, servers }: HostAccessArgs): string[] {
  const overTls = (databases: string, user: string, ranges: readonly string[]) =>
    ranges.map((range) => `hostssl ${databases} ${user} ${range} scram-sha-256`);
  return [
    "local all postgres peer",
    "local all all scram-sha-256",
    // Patroni reads the timeline from its own server.
    `local replication ${REPLICATION_USER} scram-sha-256`,
    ...overTls("replication", REPLICATION_USER, pods),
    // For pg_rewind and for Patroni's checks of other members. This login may not connect to any application's
    // database.
    ...overTls("postgres", REWIND_USER, pods),
    ...overTls("all", "postgres", pods),
    ...overTls("all", `+${BACKUP_GROUP}`, pods),
    `host all postgres,${REPLICATION_USER},${REWIND_USER},+${BACKUP_GROUP} all reject`,
    ...overTls("all", "all", [...pods, ...servers]),
    "host all all all reject",
  ];
}
