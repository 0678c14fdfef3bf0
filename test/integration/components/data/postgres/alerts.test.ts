import { it } from "vitest";
import {
  discoveryAlerts,
  leaderAlerts,
  memberAlerts,
  poolerAlerts,
} from "../../../../../components/data/postgres/alerts";
import { judgeAlerts, type Series } from "../../../../rigs/alerting/promtool";
import { describeWith } from "../../../../rigs/programs";

const MEMBERS = ["postgres-0", "postgres-1", "postgres-2"];
const on = (name: string) => `{job="postgres/postgres",namespace="postgres",name="${name}"}`;
const of = (metric: string, name: string) => `${metric}${on(name)}`;
const GIB = 2 ** 30;

/** The first member leads, the others are standbys that a commit waits for. */
const HEALTHY: Series = Object.fromEntries(
  MEMBERS.flatMap((name, index) => [
    [of("up", name), "1x200"],
    [of("patroni_primary", name), `${index === 0 ? 1 : 0}x200`],
    [of("patroni_replica", name), `${index === 0 ? 0 : 1}x200`],
    [of("patroni_sync_standby", name), "0x200"],
    [of("patroni_quorum_standby", name), `${index === 0 ? 0 : 1}x200`],
    [of("patroni_postgres_running", name), "1x200"],
    [of("patroni_postgres_timeline", name), "3x200"],
    [of("patroni_xlog_location", name), index === 0 ? `${GIB}+1000x200` : "0x200"],
    [of("patroni_xlog_replayed_location", name), index === 0 ? "0x200" : `${GIB}+1000x200`],
    [of("patroni_is_paused", name), "0x200"],
    [of("patroni_pending_restart", name), "0x200"],
    [of("patroni_failsafe_mode_is_active", name), "0x200"],
    [of("patroni_dcs_last_seen", name), "0+60x200"],
  ]),
);
const all = (metric: string, values: string): Series =>
  Object.fromEntries(MEMBERS.map((name) => [of(metric, name), values]));

describeWith(["promtool"], "the alerts of PostgreSQL's members", () => {
  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", {}, 180, []],
    ["tell that nobody leads", all("patroni_primary", "0x200"), 10, ["PostgresNoLeader"]],
    ["end when somebody leads again", all("patroni_primary", "0x20 1x180"), 40, []],
    [
      "tell of a failover for a quarter of an hour",
      all("patroni_postgres_timeline", "3x60 4x140"),
      65,
      ["PostgresFailedOver"],
    ],
    ["are quiet after that", all("patroni_postgres_timeline", "3x60 4x140"), 90, []],
    [
      "tell of a member that is down",
      { [of("up", "postgres-2")]: "0x200", [of("patroni_postgres_running", "postgres-2")]: "_x200" },
      10,
      ["PostgresMemberDown"],
    ],
    [
      "tell of a standby that lags, once it does so for ten minutes",
      { [of("patroni_xlog_replayed_location", "postgres-1")]: `${GIB / 2}x200` },
      20,
      ["PostgresStandbyLags"],
    ],
    [
      "tell that no standby is synchronous",
      all("patroni_quorum_standby", "0x200"),
      10,
      ["PostgresNotSynchronous"],
    ],
    [
      "tell that etcd does not answer",
      { ...all("patroni_dcs_last_seen", "0x200"), ...all("patroni_failsafe_mode_is_active", "1x200") },
      10,
      ["PostgresCannotFailOver"],
    ],
    ["tell of a pause that is forgotten", all("patroni_is_paused", "1x200"), 90, ["PostgresPaused"]],
    [
      "tell of a restart that is pending",
      { [of("patroni_pending_restart", "postgres-0")]: "1x200" },
      90,
      ["PostgresRestartPending"],
    ],
  ])("%s", (_, changes, minute, firing) => {
    const rules = memberAlerts({ namespace: "postgres", replicas: 3, synchronous: true });
    judgeAlerts(rules, [{ series: { ...HEALTHY, ...changes }, minute, firing }]);
  });
});

describeWith(["promtool"], "the alerts of the watchers and of the leader", () => {
  const watcher = '{job="postgres/postgres-discovery",pod="a"';
  const healthy: Series = {
    [`up${watcher}}`]: "1x200",
    [`trellis_discovery_contact_timestamp_seconds${watcher},part="etcd"}`]: "0+60x200",
    [`trellis_discovery_endpoints${watcher},service="primary"}`]: "1x200",
    trellis_postgres_sessions: "20x200",
    trellis_postgres_most_sessions: "100x200",
    trellis_postgres_oldest_transaction_age: "150000000x200",
  };
  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", {}, 60, []],
    ["tell that no watcher works", { [`up${watcher}}`]: "0x200" }, 10, ["PostgresDiscoveryDown"]],
    [
      "tell that the Service leads nowhere",
      { [`trellis_discovery_endpoints${watcher},service="primary"}`]: "0x200" },
      10,
      ["PostgresServiceEmpty"],
    ],
    ["tell of many sessions", { trellis_postgres_sessions: "85x200" }, 10, ["PostgresSessionsFillUp"]],
    ["end when sessions end", { trellis_postgres_sessions: "85x20 10x180" }, 40, []],
    [
      "tell of old transaction IDs",
      { trellis_postgres_oldest_transaction_age: "1100000000x200" },
      30,
      ["PostgresWrapsAround"],
    ],
  ])("%s", (_, changes, minute, firing) => {
    judgeAlerts(
      [...discoveryAlerts("postgres"), ...leaderAlerts()],
      [{ series: { ...healthy, ...changes }, minute, firing }],
    );
  });
});

describeWith(["promtool"], "the alerts of PgBouncer", () => {
  const wait = (pooler: string) =>
    `pgbouncer_pools_client_maxwait_seconds{pooler="${pooler}",database="crm",user="crm_writer_1"}`;
  const up = (pooler: string) => `pgbouncer_up{pooler="${pooler}"}`;
  const healthy: Series = {
    [up("one")]: "1x200",
    [up("two")]: "1x200",
    [wait("one")]: "0x200",
    [wait("two")]: "0.1x200",
  };

  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", healthy, 60, []],
    ["are quiet while one of two answers", { ...healthy, [up("one")]: "0x200" }, 60, []],
    ["tell that none answers", { [up("one")]: "0x200", [up("two")]: "0x200" }, 10, ["PostgresPoolerDown"]],
    ["tell that there is none", { [up("")]: "0x30 _x170" }, 10, ["PostgresPoolerDown"]],
    ["end when one answers again", { [up("one")]: "0x20 1x180" }, 40, []],
    ["tell of an exporter that is gone", { up: "1x200" }, 30, ["PostgresPoolerNotWatched"]],
    ["tell of clients that wait", { ...healthy, [wait("two")]: "12x200" }, 10, ["PostgresPoolerClientsWait"]],
    ["end when nobody waits any more", { ...healthy, [wait("two")]: "12x20 0x180" }, 40, []],
  ])("%s", (_, series, minute, firing) => {
    judgeAlerts(poolerAlerts(), [{ series, minute, firing }]);
  });
});
