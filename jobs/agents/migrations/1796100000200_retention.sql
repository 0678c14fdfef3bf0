-- The audit may be kept for longer than the tasks and their results.
ALTER TABLE agents.decisions DROP CONSTRAINT decisions_task_id_fkey;

CREATE INDEX tasks_ended ON agents.tasks (finished_at) WHERE state <> 'queued';
CREATE INDEX model_calls_called ON agents.model_calls (called_at);
CREATE INDEX decisions_decided ON agents.decisions (decided_at);
CREATE INDEX spend_day ON agents.spend (day);

-- Deletes at most so many rows of each table and returns how many went. A null moment keeps everything. It runs as its
-- owner: the runtime's role has no right to delete, and this function never deletes what is younger than a day.
CREATE FUNCTION agents.forget(tasks_before timestamptz, audit_before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH moments AS (
    SELECT least(tasks_before, now() - interval '1 day') AS tasks, least(audit_before, now() - interval '1 day') AS audit
    WHERE num_nonnulls(tasks_before, audit_before) > 0
  ), gone_tasks AS (
    DELETE FROM agents.tasks WHERE tasks_before IS NOT NULL AND id IN (
      SELECT id FROM agents.tasks WHERE state <> 'queued' AND finished_at < (SELECT tasks FROM moments)
      LIMIT most FOR UPDATE SKIP LOCKED) RETURNING 1
  ), gone_calls AS (
    DELETE FROM agents.model_calls WHERE tasks_before IS NOT NULL AND id IN (
      SELECT id FROM agents.model_calls WHERE called_at < (SELECT tasks FROM moments)
      LIMIT most FOR UPDATE SKIP LOCKED) RETURNING 1
  ), gone_decisions AS (
    DELETE FROM agents.decisions WHERE audit_before IS NOT NULL AND id IN (
      SELECT id FROM agents.decisions WHERE decided_at < (SELECT audit FROM moments)
      LIMIT most FOR UPDATE SKIP LOCKED) RETURNING 1
  ), gone_days AS (
    DELETE FROM agents.spend WHERE audit_before IS NOT NULL AND (workspace_id, day) IN (
      SELECT workspace_id, day FROM agents.spend WHERE day < (SELECT (audit AT TIME ZONE 'UTC')::date FROM moments)
      LIMIT most FOR UPDATE SKIP LOCKED) RETURNING 1
  )
  SELECT (SELECT count(*) FROM gone_tasks) + (SELECT count(*) FROM gone_calls)
    + (SELECT count(*) FROM gone_decisions) + (SELECT count(*) FROM gone_days)
$$;

-- Down Migration
DROP FUNCTION agents.forget;
DROP INDEX agents.tasks_ended, agents.model_calls_called, agents.decisions_decided, agents.spend_day;
ALTER TABLE agents.decisions ADD CONSTRAINT decisions_task_id_fkey
  FOREIGN KEY (task_id) REFERENCES agents.tasks ON DELETE CASCADE NOT VALID;
