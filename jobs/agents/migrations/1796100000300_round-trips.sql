-- A task in three round trips to the database: fetched with its lead, its call reserved, its end committed.

-- The task of a delivery and its lead, read under row security for the task's workspace; null when the task is complete
-- or has another job by now. `lead` is null where the workspace has no such lead any more.
CREATE FUNCTION agents.opened(delivered jsonb, acting text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  longest CONSTANT integer := 4000; -- characters of one field: a lead's text may be of any length, and each costs tokens
  entries CONSTANT integer := 20;
  workspace CONSTANT uuid := delivered ->> 'workspace';
  task agents.tasks;
  read jsonb;
BEGIN
  -- A crash that loses a fetch has the job delivered again, so that its commit need not wait for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT * INTO task FROM agents.tasks AS t WHERE t.id = (delivered ->> 'task')::uuid
    AND t.job = (delivered ->> 'job')::uuid AND t.workspace_id = workspace AND t.state = 'queued';
  IF NOT FOUND THEN RETURN NULL; END IF;
  -- Both ways in which policies ask for the workspace: the schema's own, and the claims as PostgREST sets them.
  PERFORM set_config('crm.workspace_id', workspace::text, true),
    set_config('request.jwt.claims', jsonb_build_object('role', acting, 'workspace_id', workspace)::text, true);
  SELECT jsonb_build_object('contactId', o.contact_id,
    'lead', jsonb_build_object('name', o.name, 'status', o.status, 'source', o.source, 'amount', o.amount,
      'notes', left(o.notes, longest), 'created_at', o.created_at,
      'contact', CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('first_name', c.first_name, 'last_name', c.last_name,
        'has_email', c.email IS NOT NULL, 'has_phone', c.phone IS NOT NULL) END),
    'history', coalesce((SELECT jsonb_agg(entry ORDER BY at DESC) FROM (
      (SELECT i.occurred_at AS at, jsonb_build_object('at', i.occurred_at, 'kind', i.kind, 'direction', i.direction,
         'subject', left(i.subject, 300), 'body', left(i.body, longest)) AS entry
       FROM public.interactions AS i
       WHERE i.workspace_id = workspace AND i.opportunity_id = task.opportunity_id AND i.deleted_at IS NULL
       ORDER BY i.occurred_at DESC LIMIT entries)
      UNION ALL
      (SELECT f.created_at, jsonb_build_object('at', f.created_at, 'kind', 'task', 'title', left(f.title, 300),
         'status', f.status, 'due_at', f.due_at)
       FROM public.tasks AS f
       WHERE f.workspace_id = workspace AND f.opportunity_id = task.opportunity_id AND f.deleted_at IS NULL
       ORDER BY f.created_at DESC LIMIT entries)) AS both_kinds), '[]'))
    INTO read
    FROM public.opportunities AS o
    LEFT JOIN public.contacts AS c ON c.workspace_id = o.workspace_id AND c.id = o.contact_id AND c.deleted_at IS NULL
    WHERE o.workspace_id = workspace AND o.id = task.opportunity_id AND o.deleted_at IS NULL;
  RETURN jsonb_build_object('task', jsonb_build_object('id', task.id, 'job', task.job, 'workspace', workspace,
    'pool', task.pool, 'opportunity', task.opportunity_id, 'attempts', task.attempts, 'priority', task.priority,
    'started', clock_timestamp()), 'lead', read);
END $$;

-- Settles calls, then reserves others, for all agents of a process at once. Returns the verdicts in the order of `wanted`.
-- Without reservations nothing waits for the disk: a crash that loses a settlement leaves the whole reservation counted.
CREATE FUNCTION agents.post(
  settled jsonb, wanted jsonb, token_limit bigint, cost_limit bigint, tokens_per_minute bigint
) RETURNS text[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  each record;
  verdicts text[] := array_fill(NULL::text, ARRAY[jsonb_array_length(wanted)]);
BEGIN
  IF jsonb_array_length(wanted) = 0 THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
  -- Every process locks the rows of several workspaces in the same order, so that none waits for another in a circle.
  IF jsonb_array_length(settled) + jsonb_array_length(wanted) > 1 THEN
    INSERT INTO agents.spend AS s (workspace_id, day)
      SELECT DISTINCT (w ->> 'workspace')::uuid, today FROM jsonb_array_elements(wanted) AS w ORDER BY 1
      ON CONFLICT ON CONSTRAINT spend_pkey DO NOTHING;
    PERFORM FROM agents.spend AS s
      WHERE s.day >= today - 1 AND s.workspace_id IN (SELECT (w ->> 'workspace')::uuid FROM jsonb_array_elements(settled || wanted) AS w)
      ORDER BY s.workspace_id, s.day FOR NO KEY UPDATE;
  END IF;
  FOR each IN SELECT * FROM jsonb_to_recordset(settled) AS g (call uuid, tokens bigint, cost bigint, state text) LOOP
    PERFORM agents.settle(each.call, each.tokens, each.cost, each.state);
  END LOOP;
  FOR each IN SELECT g.value, g.ordinality FROM jsonb_array_elements(wanted) WITH ORDINALITY AS g LOOP
    verdicts[each.ordinality] := agents.reserve((each.value ->> 'call')::uuid, (each.value ->> 'task')::uuid,
      (each.value ->> 'workspace')::uuid, each.value ->> 'model', (each.value ->> 'tokens')::bigint,
      (each.value ->> 'cost')::bigint, token_limit, cost_limit, tokens_per_minute);
  END LOOP;
  RETURN verdicts;
END $$;

-- Ends a task with a result, its audit and its job of pg-boss, as `complete` of pg-boss would. Returns false when another
-- delivery was first; then nothing changes.
CREATE FUNCTION agents.complete(
  done jsonb, result jsonb, decisions jsonb, queue text
) RETURNS boolean
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  job CONSTANT uuid := done ->> 'job';
  task CONSTANT uuid := done ->> 'task';
BEGIN
  UPDATE agents.tasks AS t SET state = 'done', result = result, prompt = done ->> 'prompt', model = done ->> 'model',
    dry_run = (done ->> 'dryRun')::boolean, tokens = t.tokens + (done ->> 'tokens')::bigint,
    cost = t.cost + (done ->> 'cost')::bigint, started_at = (done ->> 'started')::timestamptz, finished_at = clock_timestamp()
    WHERE t.id = task AND t.job = job AND t.state = 'queued';
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO agents.decisions (task_id, workspace_id, agent, prompt, model, action, verdict, reason, row_id)
    SELECT task, (done ->> 'workspace')::uuid, done ->> 'pool', done ->> 'prompt', done ->> 'model', g.action, g.verdict,
      g.reason, g.row_id
    FROM jsonb_to_recordset(decisions) AS g (action text, verdict text, reason text, row_id uuid);
  UPDATE agent_queue.job AS j SET completed_on = now(), state = 'completed', output = '{}'
    WHERE j.name = queue AND j.id = job AND j.state = 'active';
  RETURN true;
END $$;

-- Down Migration
DROP FUNCTION agents.opened, agents.post, agents.complete;
