import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { AnsweredMember } from "../patroni/cluster-answer";
import { eventually } from "../waiting";
import { type Fault, undo } from "./fault";
import { NO_ARCHIVE, type OperationsRig, wellMembers } from "./programs";

const members = (change: (well: AnsweredMember[]) => AnsweredMember[]) => async (rig: OperationsRig) => {
  rig.members = change(wellMembers());
  return undo(() => {
    rig.members = wellMembers();
  });
};

const member = (index: number, change: Partial<AnsweredMember>) =>
  members((well) => well.map((each, at) => (at === index ? { ...each, ...change } : each)));

const sql = (database: string, ill: string, well: string) => async (rig: OperationsRig) => {
  await rig.sql(database, ill);
  return () => rig.sql(database, well);
};

const onPrimary = [
  ...["postgres.connections", "postgres.wraparound", "postgres.databases", "postgres.slots"],
  ...["postgres.archiving", "postgres.certificate"],
  ...["systems.airflow-runs", "systems.streams-lag", "systems.streams-held", "systems.streams-log"],
  ...["systems.rain-freshness", "systems.rain-coverage"],
];

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: "Patroni does not answer",
    seen: { "postgres.patroni": ["failed", /^127\.0\.0\.1:1 is closed$/] },
    unknown: [
      ...["postgres.leader", "postgres.members", "postgres.timeline", "postgres.synchronous", "postgres.lag"],
      ...["postgres.pending-restart", "postgres.maintenance", "postgres.discovery"],
    ],
    change: ({ platform }) => ({
      platform: { postgres: { ...platform.postgres, patroni: "https://127.0.0.1:1" } },
    }),
  },
  {
    name: "no member leads",
    seen: { "postgres.leader": ["failed", /^no member leads$/] },
    unknown: ["postgres.discovery"],
    inject: member(0, { role: "replica", lag: 0 }),
  },
  {
    name: "two members lead",
    seen: { "postgres.leader": ["failed", /^postgres-0; postgres-2 lead at once$/] },
    inject: member(2, { role: "leader" }),
  },
  {
    name: "a member does not come back",
    seen: { "postgres.members": ["failed", /^postgres-2 is start failed$/] },
    inject: member(2, { state: "start failed" }),
  },
  {
    name: "a member is gone",
    seen: { "postgres.members": ["failed", /^2 of 3 members are known$/] },
    inject: members((well) => well.slice(0, 2)),
  },
  {
    name: "a member is on another timeline",
    seen: { "postgres.timeline": ["failed", /^members are on the timelines 1 and 2$/] },
    inject: member(2, { timeline: 2 }),
  },
  {
    name: "no standby is synchronous",
    seen: { "postgres.synchronous": ["failed", /^no standby is synchronous$/] },
    inject: member(1, { role: "replica" }),
  },
  {
    name: "a replica lags",
    seen: { "postgres.lag": ["warning", /^postgres-2 lags 512 MiB$/] },
    inject: member(2, { lag: 512 * 2 ** 20 }),
  },
  {
    name: "the lag of a replica is unknown",
    seen: { "postgres.lag": ["not checked", /^the lag of postgres-2 is unknown$/] },
    inject: member(2, { lag: "unknown" }),
  },
  {
    name: "a member waits for a restart",
    seen: { "postgres.pending-restart": ["warning", /^postgres-1 waits for a restart$/] },
    inject: member(1, { pending_restart: true }),
  },
  {
    name: "Patroni is paused",
    seen: { "postgres.maintenance": ["warning", /paused/] },
    inject: async (rig) => {
      rig.paused = true;
      return undo(() => {
        rig.paused = false;
      });
    },
  },
  {
    name: "the leader's address leads to a standby",
    seen: { "postgres.primary": ["failed", /^it leads to a standby, which takes no writes$/] },
    change: ({ platform: { postgres } }) => ({
      platform: { postgres: { ...postgres, primary: postgres.replica } },
    }),
  },
  {
    name: "the replicas' address leads to the leader",
    seen: { "postgres.replica": ["warning", /^it leads to the leader/] },
    change: ({ platform: { postgres } }) => ({
      platform: { postgres: { ...postgres, replica: postgres.primary } },
    }),
  },
  {
    name: "the leader cannot be reached",
    seen: { "postgres.primary": ["failed", /^127\.0\.0\.1:1 is closed$/] },
    unknown: onPrimary,
    change: ({ platform: { postgres } }) => ({
      platform: { postgres: { ...postgres, primary: { host: "127.0.0.1", port: 1 } } },
    }),
  },
  {
    name: "the sessions are nearly used up",
    seen: { "postgres.connections": ["warning", /^\d+ of 37 sessions$/] },
    inject: async ({ primary }) => {
      const held = Array.from(
        { length: 29 },
        () => new pg.Client({ connectionString: primary.url("postgres") }),
      );
      await Promise.all(held.map((each) => each.connect()));
      return async () => {
        await Promise.all(held.map((each) => each.end()));
      };
    },
  },
  {
    name: "a database is missing",
    seen: { "postgres.databases": ["failed", /^crm does not exist$/] },
    change: ({ platform: { postgres } }) => ({
      platform: { postgres: { ...postgres, databases: [...postgres.databases, "crm"] } },
    }),
  },
  {
    name: "a slot keeps WAL for nobody",
    seen: { "postgres.slots": ["warning", /^forgotten keeps \d+ MiB$/] },
    inject: async (rig) => {
      await rig.sql("postgres", "SELECT pg_create_physical_replication_slot('forgotten', true)");
      const segment = ["SELECT pg_logical_emit_message(true, 'x', 'x')", "SELECT pg_switch_wal()"];
      for (let i = 0; i < 6; i++) await rig.sql("postgres", ...segment);
      return () => rig.sql("postgres", "SELECT pg_drop_replication_slot('forgotten')");
    },
  },
  {
    name: "WAL is not archived",
    seen: { "postgres.archiving": ["failed", /^the last attempt failed; \d+ failed so far$/] },
    inject: async (rig) => {
      const obstacle = join(rig.postgresHome, NO_ARCHIVE);
      const is = (failing: boolean) =>
        eventually(`archiving ${failing ? "fails" : "works"}`, 60_000, async () => {
          await rig.sql(
            "postgres",
            "SELECT pg_logical_emit_message(true, 'x', 'x')",
            "SELECT pg_switch_wal()",
          );
          const { checks } = await rig.examine();
          const outcome = checks.find(({ id }) => id === "postgres.archiving")?.outcome;
          return (outcome === "failed") === failing;
        });
      writeFileSync(obstacle, "");
      await is(true);
      return async () => {
        rmSync(obstacle);
        await is(false);
      };
    },
  },
];

export const SYSTEM_FAULTS: readonly Fault[] = [
  {
    name: "a DAG run failed",
    seen: { "systems.airflow-runs": ["warning", /^live-load: 2 failed runs$/] },
    inject: sql(
      "airflow_db",
      "INSERT INTO dag_run VALUES ('live-load', 'failed', now()), ('live-load', 'failed', now())",
      "DELETE FROM dag_run",
    ),
  },
  {
    name: "a stream is old",
    seen: { "systems.streams-lag": ["failed", /^Live\/Store#customers is 30\.\d hours old$/] },
    inject: sql(
      "merge",
      "UPDATE live_batch_metrics SET batch_start_time = clock_timestamp() - interval '30 hours'",
      "UPDATE live_batch_metrics SET batch_start_time = clock_timestamp()",
    ),
  },
  {
    name: "a stream has never run",
    seen: { "systems.streams-lag": ["failed", /^Live\/Store#orders has never run$/] },
    change: ({ platform: { streams } }) => ({
      platform: {
        streams: streams && {
          ...streams,
          list: [...streams.list, { platform: "Live", stream: "Store#orders" }],
        },
      },
    }),
  },
  {
    name: "deletions wait for an approval",
    seen: { "systems.streams-held": ["warning", /^Live\/Store#customers holds 812 deletions$/] },
    inject: sql(
      "merge",
      `INSERT INTO live_batch_metrics (key, batch_id, batch_status, state)
       VALUES ('Store#customers', 2, 'ingested', '{"job_state":{"held":{"deletes":812,"approval":"x"}}}')`,
      "DELETE FROM live_batch_metrics WHERE batch_id = 2",
    ),
  },
  {
    name: "a source keeps much of its log for a stream",
    seen: {
      "systems.streams-log": [
        "warning",
        /^Live\/Store#customers: 3\.0 GiB are kept for the slot trellis_live$/,
      ],
    },
    inject: sql(
      "merge",
      `UPDATE live_batch_metrics SET state = '{"job_state":{"changes":{"slot":"trellis_live","retainedBytes":3221225472}}}'`,
      "UPDATE live_batch_metrics SET state = '{}'",
    ),
  },
  {
    name: "no rain was imported lately",
    seen: { "systems.rain-freshness": ["warning", /^the last import was 7\d\.\d hours ago$/] },
    inject: sql(
      "rain",
      "UPDATE import_run SET finished_at = now() - interval '3 days'",
      "UPDATE import_run SET finished_at = now()",
    ),
  },
  {
    name: "days of rain are missing",
    seen: { "systems.rain-coverage": ["warning", /^water year 2026: 100 of 365 gauge days in no file$/] },
    inject: sql(
      "rain",
      "UPDATE water_year_summary SET dry_days = 165",
      "UPDATE water_year_summary SET dry_days = 265",
    ),
  },
];
