import type { Panel } from "../../shared/workloads";

/** The panels about PostgreSQL, from Patroni's metrics, the archive's monitor and the watchers. */
export const POSTGRES_PANELS: readonly Panel[] = [
  { title: "Leader", expr: "max by (name) (patroni_primary) == 1", legend: "{{name}}", type: "stat" },
  {
    title: "Members that run",
    expr: "sum(patroni_postgres_running)",
    legend: "running",
    type: "stat",
  },
  {
    title: "Standbys that a commit waits for",
    expr: "sum(patroni_sync_standby) + sum(patroni_quorum_standby)",
    legend: "synchronous",
    type: "stat",
  },
  { title: "Timeline", expr: "max(patroni_postgres_timeline)", legend: "timeline" },
  {
    title: "WAL written per second",
    expr: "max(rate(patroni_xlog_location[5m]))",
    legend: "written",
    unit: "bytes",
  },
  {
    title: "Lag of the standbys",
    expr: "scalar(max(patroni_xlog_location)) - max by (name) (patroni_xlog_replayed_location and on (name) patroni_replica == 1)",
    legend: "{{name}}",
    unit: "bytes",
  },
  {
    title: "Seconds since etcd answered",
    expr: "time() - max by (name) (patroni_dcs_last_seen)",
    legend: "{{name}}",
    unit: "s",
  },
  {
    title: "Sessions in use",
    expr: "max(trellis_postgres_sessions) / max(trellis_postgres_most_sessions)",
    legend: "of those allowed",
    unit: "percentunit",
  },
  {
    title: "Age of the oldest transaction ID",
    expr: "max(trellis_postgres_oldest_transaction_age)",
    legend: "transactions",
  },
  {
    title: "WAL that waits for the archive",
    expr: "max(trellis_archive_waiting_bytes)",
    legend: "waiting",
    unit: "bytes",
  },
  {
    title: "Age of the newest base backup",
    expr: "time() - max by (repository) (trellis_archive_backup_timestamp_seconds)",
    legend: "repository {{repository}}",
    unit: "s",
  },
  {
    title: "Endpoints of the Services",
    expr: "max by (service) (trellis_discovery_endpoints)",
    legend: "{{service}}",
  },
];

/** The panels about PgBouncer, from its exporter. */
export const POOLER_PANELS: readonly Panel[] = [
  {
    title: "Clients that wait for a session of PgBouncer",
    expr: "sum by (database) (pgbouncer_pools_client_waiting_connections)",
    legend: "{{database}}",
  },
  {
    title: "Longest wait for a session of PgBouncer",
    expr: "max by (database) (pgbouncer_pools_client_maxwait_seconds)",
    legend: "{{database}}",
    unit: "s",
  },
  {
    title: "Sessions of PgBouncer in use",
    expr: "sum by (database) (pgbouncer_pools_server_active_connections) / sum by (database) (pgbouncer_databases_max_connections)",
    legend: "{{database}}",
    unit: "percentunit",
  },
  {
    title: "Transactions through PgBouncer per second",
    expr: "sum by (database) (rate(pgbouncer_stats_sql_transactions_pooled_total[5m]))",
    legend: "{{database}}",
  },
];
