-- The runtime's own record. PostgREST does not serve this schema; pg-boss's tables are in the schema `agent_queue`.
CREATE SCHEMA agents;

-- How many agents each worker process runs for a pool. `configured` is AGENTS_POOLS' number: a new one replaces what the
-- endpoint has set since. A new generation makes every worker process replace the pool's agents.
CREATE TABLE agents.pools (
  name text PRIMARY KEY,
  configured integer NOT NULL CHECK (configured BETWEEN 0 AND 10),
  agents integer NOT NULL CHECK (agents BETWEEN 0 AND 10),
  generation integer NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- `job` is the one job of pg-boss that may complete the task: an older delivery changes nothing.
CREATE TABLE agents.tasks (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  pool text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  opportunity_id uuid NOT NULL,
  priority integer NOT NULL,
  job uuid NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  failure text,
  result jsonb,
  dry_run boolean NOT NULL DEFAULT false,
  prompt text,
  model text,
  tokens bigint NOT NULL DEFAULT 0,
  cost bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  UNIQUE (workspace_id, pool, key)
);

CREATE INDEX tasks_state ON agents.tasks (state, pool) WHERE state <> 'done';
CREATE INDEX tasks_finished ON agents.tasks (pool, finished_at);

-- What an agent asked to do and what became of it. Contains names and ids, never content.
CREATE TABLE agents.decisions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id uuid NOT NULL REFERENCES agents.tasks ON DELETE CASCADE,
  workspace_id uuid NOT NULL,
  agent text NOT NULL,
  prompt text NOT NULL,
  model text NOT NULL,
  action text NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('applied', 'refused', 'dry-run', 'answered', 'failed')),
  reason text,
  row_id uuid,
  decided_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX decisions_task ON agents.decisions (task_id);
CREATE INDEX decisions_workspace ON agents.decisions (workspace_id, decided_at);

-- Tokens and cost of a workspace's day (UTC): what was used and what is reserved. Cost is in millionths of a cent.
CREATE TABLE agents.spend (
  workspace_id uuid NOT NULL,
  day date NOT NULL,
  tokens bigint NOT NULL DEFAULT 0 CHECK (tokens >= 0),
  cost bigint NOT NULL DEFAULT 0 CHECK (cost >= 0),
  calls bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, day)
) WITH (fillfactor = 50);

-- Each request to the model. `open`: in flight, or its worker was killed; it counts in full until it is settled.
-- `unknown`: the request may have been billed, and counts in full.
CREATE TABLE agents.model_calls (
  id uuid PRIMARY KEY,
  task_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  day date NOT NULL,
  model text NOT NULL,
  minute timestamptz NOT NULL,
  tokens bigint NOT NULL CHECK (tokens > 0),
  cost bigint NOT NULL CHECK (cost >= 0),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'unknown', 'free')),
  used_tokens bigint,
  used_cost bigint,
  called_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE INDEX model_calls_day ON agents.model_calls (workspace_id, day);

-- Tokens of the current minute, for all workspaces and workers together.
CREATE TABLE agents.token_rate (
  model text PRIMARY KEY,
  minute timestamptz NOT NULL,
  tokens bigint NOT NULL
) WITH (fillfactor = 50);

-- Reserves the most that a call can use. A null limit is none. Returns granted, budget (the day's is spent), never (the
-- call alone needs more than a day's) or rate (the minute's is spent). A call larger than a minute's may have one alone.
CREATE FUNCTION agents.reserve(
  call uuid, task uuid, workspace uuid, model text, tokens bigint, cost bigint,
  token_limit bigint, cost_limit bigint, tokens_per_minute bigint
) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  this_minute timestamptz := date_trunc('minute', clock_timestamp());
BEGIN
  IF tokens > token_limit OR cost > cost_limit THEN RETURN 'never'; END IF;
  FOR attempt IN 1..2 LOOP
    UPDATE agents.spend AS s SET tokens = s.tokens + tokens, cost = s.cost + cost, calls = s.calls + 1
      WHERE s.workspace_id = workspace AND s.day = today
        AND (token_limit IS NULL OR s.tokens + tokens <= token_limit)
        AND (cost_limit IS NULL OR s.cost + cost <= cost_limit);
    EXIT WHEN FOUND;
    IF attempt = 2 THEN RETURN 'budget'; END IF;
    INSERT INTO agents.spend AS s (workspace_id, day) VALUES (workspace, today) ON CONFLICT ON CONSTRAINT spend_pkey DO NOTHING;
  END LOOP;
  IF tokens_per_minute IS NOT NULL THEN
    INSERT INTO agents.token_rate AS r (model, minute, tokens) VALUES (model, this_minute, tokens)
      ON CONFLICT ON CONSTRAINT token_rate_pkey DO UPDATE SET minute = this_minute,
        tokens = CASE WHEN r.minute = this_minute THEN r.tokens ELSE 0 END + tokens
        WHERE r.minute < this_minute OR (r.minute = this_minute AND (r.tokens = 0 OR r.tokens + tokens <= tokens_per_minute));
    IF NOT FOUND THEN
      UPDATE agents.spend AS s SET tokens = s.tokens - tokens, cost = s.cost - cost, calls = s.calls - 1
        WHERE s.workspace_id = workspace AND s.day = today;
      RETURN 'rate';
    END IF;
  END IF;
  INSERT INTO agents.model_calls AS c (id, task_id, workspace_id, day, model, minute, tokens, cost)
    VALUES (call, task, workspace, today, model, this_minute, tokens, cost);
  RETURN 'granted';
END $$;

-- Replaces a reservation by what was used; once.
CREATE FUNCTION agents.settle(call uuid, used_tokens bigint, used_cost bigint, state text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  settled agents.model_calls;
BEGIN
  UPDATE agents.model_calls AS c SET state = state, used_tokens = used_tokens, used_cost = used_cost
    WHERE c.id = call AND c.state = 'open' RETURNING * INTO settled;
  IF NOT FOUND OR (settled.tokens = used_tokens AND settled.cost = used_cost) THEN RETURN; END IF;
  UPDATE agents.spend AS s SET tokens = s.tokens - settled.tokens + used_tokens, cost = s.cost - settled.cost + used_cost
    WHERE s.workspace_id = settled.workspace_id AND s.day = settled.day;
  UPDATE agents.token_rate AS r SET tokens = greatest(0, r.tokens - settled.tokens + used_tokens)
    WHERE r.model = settled.model AND r.minute = settled.minute;
END $$;

-- Down Migration
DROP SCHEMA agents CASCADE;
