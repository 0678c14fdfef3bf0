import { POSTGRES } from "../names";

export interface PoolerConfigArgs {
  /** Host name of the leader. */
  readonly leader: string;
  /** The databases with the sessions of each. The poolers share half of them, the rest is for direct connections. */
  readonly databases: Readonly<Record<string, { readonly connections: number }>>;
  /** How many poolers there are. More poolers get fewer sessions each. */
  readonly replicas: number;
  /** Whether `POOLER_STATS_USER` may read the admin console. @default false */
  readonly monitoring?: boolean;
}

export const POOLER_PLACES = {
  config: "/etc/pgbouncer",
  users: "/etc/pgbouncer/userlist.txt",
  certificates: "/etc/trellis/postgres",
} as const;

/** The login of the exporter. It may read the admin console, and use no database. */
export const POOLER_STATS_USER = "trellis_stats";

/**
 * Clients that each pooler accepts. Waiting clients are cheap for a pooler, while sessions are expensive for
 * PostgreSQL.
 */
const MOST_CLIENTS = 1000;

/** pgbouncer.ini for PgBouncer 1.21 or newer. In transaction mode, clients share the leader's sessions. */
export function poolerConfig({ leader, databases, replicas, monitoring }: PoolerConfigArgs): string {
  const { certificates, users } = POOLER_PLACES;
  const server = `host=${leader} port=${POSTGRES.ports.postgres}`;
  const lines = Object.entries(databases).map(([name, { connections }]) => {
    const sessions = Math.max(1, Math.floor(connections / 2 / replicas));
    return `${name} = ${server} pool_size=${sessions} max_db_connections=${sessions}`;
  });
  return `; PgBouncer before the PostgreSQL leader, rendered by Trellis.
[databases]
${lines.join("\n")}

[pgbouncer]
listen_addr = *
listen_port = ${POSTGRES.ports.postgres}
unix_socket_dir =
pool_mode = transaction
max_client_conn = ${MOST_CLIENTS}
; Statements that a driver prepared follow it from one session to the next.
max_prepared_statements = 200
; What drivers send when they connect, and no session may keep from another.
ignore_startup_parameters = extra_float_digits,options

auth_type = scram-sha-256
auth_file = ${users}
${monitoring ? `stats_users = ${POOLER_STATS_USER}\n` : ""}client_tls_sslmode = require
client_tls_cert_file = ${certificates}/tls.crt
client_tls_key_file = ${certificates}/tls.key
server_tls_sslmode = verify-full
server_tls_ca_file = ${certificates}/ca.crt

; After a failover the old leader's sessions are of no use, and a login that fails may succeed a second later.
server_fast_close = 1
server_login_retry = 1
server_connect_timeout = 3
server_lifetime = 600
dns_max_ttl = 1
query_wait_timeout = 30
; A peer that vanished without a word is noticed after 60 s.
tcp_keepalive = 1
tcp_keepidle = 30
tcp_keepintvl = 10
tcp_keepcnt = 3

log_connections = 0
log_disconnections = 0
`;
}

/**
 * The logins that PgBouncer accepts. PgBouncer opens its own sessions with the passwords in clear text, so the file is
 * a Secret.
 */
export function poolerUsers(logins: readonly { readonly user: string; readonly password: string }[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return logins.map(({ user, password }) => `${quoted(user)} ${quoted(password)}\n`).join("");
}
