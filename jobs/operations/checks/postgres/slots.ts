import { check, count, noneOf } from "../check";

const MOST_BYTES = 64 * 2 ** 20;

export const slots = check({
  id: "postgres.slots",
  title: "no replication slot keeps WAL for nobody",
  severity: "warning",
  timeoutSeconds: 20,
  means: "An unused slot keeps WAL until the disk is full.",
  next: "kubectl -n postgres exec postgres-0 -- psql --command 'SELECT slot_name, active FROM pg_replication_slots'",
  runbook: "docs/runbooks/health.md#a-replication-slot-is-unused",
  run: async ({ sql }, { postgres: { primary } }) => {
    const rows = await sql.rows<{ name: string; bytes: string | null }>(
      "platform",
      primary,
      `SELECT slot_name AS name, pg_wal_lsn_diff(
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)::text AS bytes
       FROM pg_replication_slots WHERE NOT active`,
    );
    const keeping = rows.filter(({ bytes }) => Number(bytes) > MOST_BYTES);
    return noneOf(
      keeping.map(({ name, bytes }) => `${name} keeps ${Math.round(Number(bytes) / 2 ** 20)} MiB`),
      `${count(rows.length, "unused slot")}, none keeps much`,
    );
  },
});
