import { type AlertRule, alertsOf, explainedByServerDown } from "../../shared/workloads";
import { POSTGRES } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/postgres.md");

const MIB = 2 ** 20;
/** A standby that is further behind takes noticeably long to replay it, and reads from it are old. */
const MOST_LAG_MIB = 256;
/** PostgreSQL stops to assign transaction IDs at two billion; autovacuum starts to prevent it at 200 million. */
const MOST_XID_AGE = 1_000_000_000;

/** The `job` label that the operator gives the series of a PodMonitor: its namespace and its name. */
const jobOf = (namespace: string, monitor: string) => `job="${namespace}/${monitor}"`;

export interface PostgresAlertsArgs {
  readonly namespace: string;
  readonly replicas: number;
  /** Whether a commit waits for a standby. */
  readonly synchronous: boolean;
}

/** Alerts on the members, from Patroni's metrics. */
export function memberAlerts({ namespace, replicas, synchronous }: PostgresAlertsArgs): AlertRule[] {
  const job = jobOf(namespace, POSTGRES.statefulSet);
  return [
    {
      ...critical("PostgresNoLeader", "1m", "PostgreSQL has no leader: nothing can be written", "no-leader"),
      expr: `(sum(patroni_primary{${job}}) or vector(0)) < 1`,
    },
    {
      ...critical(
        "PostgresCannotFailOver",
        "5m",
        "etcd does not answer PostgreSQL's members: no standby can take over",
        "etcd-does-not-answer-the-members",
      ),
      expr: `max(patroni_failsafe_mode_is_active{${job}}) == 1 or min(time() - patroni_dcs_last_seen{${job}}) > 60`,
    },
    {
      ...warning(
        "PostgresFailedOver",
        "0m",
        "Another member of PostgreSQL leads since at most 15 minutes: look for the reason",
        "the-leader-changed",
      ),
      expr: `max(patroni_postgres_timeline{${job}}) > max(patroni_postgres_timeline{${job}} offset 15m)`,
    },
    {
      ...warning("PostgresPaused", "1h", "Patroni is paused: no standby takes over", "patroni-is-paused"),
      expr: `max(patroni_is_paused{${job}}) == 1`,
    },
    {
      ...warning(
        "PostgresRestartPending",
        "1h",
        "Settings of PostgreSQL wait for a restart of {{ $labels.name }}",
        "settings-wait-for-a-restart",
      ),
      expr: `max by (name) (patroni_pending_restart{${job}}) == 1`,
    },
    ...(replicas > 1 ? standbyAlerts(job, synchronous) : []),
  ];
}

function standbyAlerts(job: string, synchronous: boolean): AlertRule[] {
  return [
    explainedByServerDown({
      ...warning(
        "PostgresMemberDown",
        "5m",
        "A member of PostgreSQL is down: the loss of another can stop writes",
        "a-member-does-not-come-back",
      ),
      expr: `up{${job}} == 0 or patroni_postgres_running{${job}} == 0`,
    }),
    {
      ...warning(
        "PostgresStandbyLags",
        "10m",
        `The standby {{ $labels.name }} is over ${MOST_LAG_MIB} MiB behind the leader`,
        "a-standby-lags",
      ),
      expr: `scalar(max(patroni_xlog_location{${job}})) - max by (name) (patroni_xlog_replayed_location{${job}} and on (name) patroni_replica{${job}} == 1) > ${MOST_LAG_MIB * MIB}`,
    },
    ...(synchronous
      ? [
          {
            ...critical(
              "PostgresNotSynchronous",
              "5m",
              "PostgreSQL has no synchronous standby: losing the leader now loses acknowledged rows",
              "no-synchronous-standby",
            ),
            expr: `sum(patroni_sync_standby{${job}}) + (sum(patroni_quorum_standby{${job}}) or vector(0)) < 1`,
          },
        ]
      : []),
  ];
}

/** Alerts on the watchers that point the Services at the leader. */
export function discoveryAlerts(namespace: string): AlertRule[] {
  const job = jobOf(namespace, POSTGRES.discovery);
  return [
    {
      ...critical(
        "PostgresDiscoveryDown",
        "2m",
        "No watcher of PostgreSQL's leader works: after a failover, clients in the cluster do not find the new one",
        "clients-do-not-reach-the-leader",
      ),
      expr: `(sum(up{${job}}) or vector(0)) < 1 or time() - max(trellis_discovery_contact_timestamp_seconds{${job},part="etcd"}) > 60`,
    },
    {
      ...critical(
        "PostgresServiceEmpty",
        "2m",
        "The Service of PostgreSQL's leader leads nowhere: clients in the cluster cannot write",
        "clients-do-not-reach-the-leader",
      ),
      expr: `max(trellis_discovery_endpoints{${job},service="primary"}) == 0`,
    },
  ];
}

/** Seconds that a client may wait for a session. PgBouncer ends the wait after 30 (`query_wait_timeout`), with an error. */
const LONGEST_WAIT_SECONDS = 5;

/** Alerts on PgBouncer, from its exporter. */
export function poolerAlerts(): AlertRule[] {
  return [
    {
      ...critical(
        "PostgresPoolerDown",
        "2m",
        "No PgBouncer answers: applications that use PostgreSQL through it cannot write",
        "no-pgbouncer-answers",
      ),
      expr: "sum(pgbouncer_up) == 0",
    },
    {
      ...warning(
        "PostgresPoolerNotWatched",
        "15m",
        "The exporter of PgBouncer does not answer: nobody would be told of clients that wait",
        "no-pgbouncer-answers",
      ),
      expr: "absent(pgbouncer_up)",
    },
    {
      ...warning(
        "PostgresPoolerClientsWait",
        "2m",
        `Clients of {{ $labels.database }} wait for over ${LONGEST_WAIT_SECONDS} s for a session of PgBouncer`,
        "clients-wait-for-pgbouncer",
      ),
      expr: `max by (database) (pgbouncer_pools_client_maxwait_seconds) > ${LONGEST_WAIT_SECONDS}`,
    },
  ];
}

/** Alerts on the leader's sessions and transaction IDs, from the archive's monitor, which asks the leader. */
export function leaderAlerts(): AlertRule[] {
  return [
    {
      ...warning(
        "PostgresSessionsFillUp",
        "5m",
        "Over 80% of PostgreSQL's sessions are in use: soon logins are refused",
        "sessions-run-out",
      ),
      expr: "max(trellis_postgres_sessions) / max(trellis_postgres_most_sessions) > 0.8",
    },
    {
      ...critical(
        "PostgresWrapsAround",
        "15m",
        "PostgreSQL's oldest transaction ID is over a billion transactions old: at two billion, writes stop",
        "transaction-ids-run-out",
      ),
      expr: `max(trellis_postgres_oldest_transaction_age) > ${MOST_XID_AGE}`,
    },
  ];
}
