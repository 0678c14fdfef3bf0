import type { GaugeFamily, GaugeSample } from "../../shared";

/** A row of the admin console; bare words and numbers come as text. */
export type Row = Readonly<Record<string, unknown>>;

/** What the admin console answered to SHOW POOLS, SHOW DATABASES and SHOW STATS. */
export interface Answers {
  readonly pools: readonly Row[];
  readonly databases: readonly Row[];
  readonly stats: readonly Row[];
}

/** A metric, the column that it comes from, and what the column must be divided by. */
type Column = readonly [metric: string, column: string, help: string, divisor?: number];

const MICROSECONDS = 1e6;

/** Metrics have the names of prometheus-community's pgbouncer_exporter, so that its dashboards and alerts fit. */
const OF_POOLS: readonly Column[] = [
  ["pgbouncer_pools_client_active_connections", "cl_active", "Clients that are linked to a session or idle"],
  ["pgbouncer_pools_client_waiting_connections", "cl_waiting", "Clients that wait for a session"],
  ["pgbouncer_pools_server_active_connections", "sv_active", "Sessions that are linked to a client"],
  ["pgbouncer_pools_server_idle_connections", "sv_idle", "Sessions that can be used at once"],
  ["pgbouncer_pools_server_login_connections", "sv_login", "Sessions that are logging in"],
];

const OF_DATABASES: readonly Column[] = [
  ["pgbouncer_databases_pool_size", "pool_size", "The most sessions of each login"],
  ["pgbouncer_databases_max_connections", "max_connections", "The most sessions of the database"],
  ["pgbouncer_databases_current_connections", "current_connections", "Sessions of the database"],
];

const OF_STATS: readonly Column[] = [
  ["pgbouncer_stats_sql_transactions_pooled_total", "total_xact_count", "Transactions"],
  ["pgbouncer_stats_queries_pooled_total", "total_query_count", "Statements"],
  ["pgbouncer_stats_received_bytes_total", "total_received", "Bytes from clients"],
  ["pgbouncer_stats_sent_bytes_total", "total_sent", "Bytes to clients"],
  [
    "pgbouncer_stats_client_wait_seconds_total",
    "total_wait_time",
    "Time that clients waited for a session",
    MICROSECONDS,
  ],
];

/** PgBouncer's own database, which leads to the admin console. */
const CONSOLE = "pgbouncer";

/** What one pooler answered; without answers, it did not. */
export interface Pooler {
  /** Its address. */
  readonly pooler: string;
  readonly answers?: Answers;
}

export function poolerFamilies(poolers: readonly Pooler[]): GaugeFamily[] {
  const rowsOf = (kind: keyof Answers, database: string): Row[] =>
    poolers.flatMap(({ pooler, answers }) =>
      (answers?.[kind] ?? []).filter((row) => row[database] !== CONSOLE).map((row) => ({ ...row, pooler })),
    );
  const pools = rowsOf("pools", "database");
  const ofPool = ({ pooler, database, user }: Row) => ({
    pooler: String(pooler),
    database: String(database),
    user: String(user),
  });
  return [
    upOf(poolers),
    {
      name: "pgbouncer_pools_client_maxwait_seconds",
      help: "How long the oldest waiting client has waited",
      samples: pools.map((row) => ({
        labels: ofPool(row),
        value: Number(row.maxwait) + Number(row.maxwait_us) / MICROSECONDS,
      })),
    },
    ...familiesOf(OF_POOLS, pools, ofPool),
    ...familiesOf(OF_DATABASES, rowsOf("databases", "name"), ({ pooler, name }) => ({
      pooler: String(pooler),
      database: String(name),
    })),
    ...familiesOf(
      OF_STATS,
      rowsOf("stats", "database"),
      ({ pooler, database }) => ({ pooler: String(pooler), database: String(database) }),
      "counter",
    ),
  ];
}

/** A sample without an address means that there is no pooler: an alert needs one. */
const upOf = (poolers: readonly Pooler[]): GaugeFamily => ({
  name: "pgbouncer_up",
  help: "Whether the admin console of a pooler answers",
  samples:
    poolers.length === 0
      ? [{ labels: { pooler: "" }, value: 0 }]
      : poolers.map(({ pooler, answers }) => ({ labels: { pooler }, value: Number(answers !== undefined) })),
});

const familiesOf = (
  columns: readonly Column[],
  rows: readonly Row[],
  labelsOf: (row: Row) => NonNullable<GaugeSample["labels"]>,
  type: GaugeFamily["type"] = "gauge",
): GaugeFamily[] =>
  columns.map(([name, column, help, divisor = 1]) => ({
    name,
    help,
    type,
    samples: rows.map((row) => ({ labels: labelsOf(row), value: Number(row[column]) / divisor })),
  }));
