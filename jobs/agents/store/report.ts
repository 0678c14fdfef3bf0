import { poolNames } from "../runtime";
import { COST_UNITS } from "./ledger";
import { QUEUE_SCHEMA } from "./queue";
import type { Sessions } from "./sessions";

export interface Totals {
  readonly queued: number;
  readonly done: number;
  readonly failed: number;
  readonly tokens: number;
  readonly cost_cents: number;
  readonly mean_seconds: number | null;
}

const NOTHING: Totals = { queued: 0, done: 0, failed: 0, tokens: 0, cost_cents: 0, mean_seconds: null };

/** Tasks of each pool; of one workspace, or of all. */
export async function totals(
  sessions: Sessions,
  workspace: string | undefined,
): Promise<Map<string, Totals>> {
  const { rows } = await sessions.use((database) =>
    database.query<Totals & { pool: string }>(
      `SELECT pool, count(*) FILTER (WHERE state = 'queued')::integer AS queued,
         count(*) FILTER (WHERE state = 'done')::integer AS done,
         count(*) FILTER (WHERE state = 'failed')::integer AS failed, sum(tokens)::float AS tokens,
         sum(cost)::float / ${COST_UNITS} AS cost_cents,
         (avg(extract(epoch FROM finished_at - started_at)) FILTER (WHERE state = 'done'))::float AS mean_seconds
       FROM agents.tasks WHERE $1::uuid IS NULL OR workspace_id = $1 GROUP BY pool`,
      [workspace ?? null],
    ),
  );
  return new Map(
    poolNames.map((name) => {
      const { pool: _, ...found } = rows.find(({ pool }) => pool === name) ?? { pool: name, ...NOTHING };
      return [name, found];
    }),
  );
}

interface TaskReport {
  readonly task_id: string;
  readonly agent: string;
  readonly lead_id: string;
  readonly state: "queued" | "done" | "failed";
  readonly failure: string | null;
  readonly result: unknown;
  readonly dry_run: boolean;
  readonly decisions: { action: string; verdict: string; reason: string | null }[];
}

export async function taskOf(
  sessions: Sessions,
  id: string,
  workspace: string | undefined,
): Promise<TaskReport | undefined> {
  const { rows } = await sessions.use((database) =>
    database.query<TaskReport>(
      `SELECT id AS task_id, pool AS agent, opportunity_id AS lead_id, state, failure, result, dry_run,
         coalesce((SELECT jsonb_agg(jsonb_build_object('action', action, 'verdict', verdict, 'reason', reason) ORDER BY d.id)
           FROM agents.decisions AS d WHERE d.task_id = t.id), '[]') AS decisions
       FROM agents.tasks AS t WHERE id = $1 AND ($2::uuid IS NULL OR workspace_id = $2)`,
      [id, workspace ?? null],
    ),
  );
  return rows[0];
}

interface QueueState {
  readonly queue: string;
  readonly state: string;
  readonly jobs: number;
  readonly oldest_seconds: number;
}

/** The jobs of pg-boss by queue and state. */
export async function queueStates(sessions: Sessions): Promise<QueueState[]> {
  const { rows } = await sessions.use((database) =>
    database.query<QueueState>(
      `SELECT name AS queue, state::text, count(*)::integer AS jobs,
         extract(epoch FROM now() - min(created_on))::float AS oldest_seconds
       FROM ${QUEUE_SCHEMA}.job GROUP BY name, state ORDER BY name, job.state`,
    ),
  );
  return rows;
}

export async function recentFailures(
  sessions: Sessions,
): Promise<{ task_id: string; agent: string; failure: string | null }[]> {
  const { rows } = await sessions.use((database) =>
    database.query<{ task_id: string; agent: string; failure: string | null }>(
      `SELECT id AS task_id, pool AS agent, failure FROM agents.tasks WHERE state = 'failed'
       ORDER BY finished_at DESC LIMIT 50`,
    ),
  );
  return rows;
}
