import type { GaugeFamily } from "../../shared";
import type { Model } from "../model";
import type { Sessions } from "../store";
import { COST_UNITS, QUEUE_SCHEMA } from "../store";
import type { Workers } from "../workers";

/** Metrics of the database: the same from every process. One query at each scrape; each column but `value` is a label. */
const FAMILIES: readonly { name: string; help: string; sql: string }[] = [
  {
    name: "agents_queue_depth",
    help: "Jobs that wait or will be tried again, without those of a later day; workers scale by it",
    sql: `SELECT substr(q.name, 8) AS pool, count(j.id)::float AS value FROM ${QUEUE_SCHEMA}.queue AS q
      LEFT JOIN ${QUEUE_SCHEMA}.job AS j ON j.name = q.name AND j.state < 'active' AND j.start_after < now() + interval '10 minutes'
      WHERE q.name <> 'agents-dead' GROUP BY q.name`,
  },
  {
    name: "agents_queue_oldest_seconds",
    help: "Age of the oldest job that could start now",
    sql: `SELECT substr(name, 8) AS pool, extract(epoch FROM now() - min(greatest(created_on, start_after)))::float AS value
      FROM ${QUEUE_SCHEMA}.job WHERE state < 'active' AND start_after < now() AND name <> 'agents-dead' GROUP BY name`,
  },
  {
    name: "agents_tasks_failed",
    help: "Tasks that failed and were not begun again",
    sql: "SELECT pool, count(*)::float AS value FROM agents.tasks WHERE state = 'failed' GROUP BY pool",
  },
  {
    name: "agents_tasks_done_last_day",
    help: "Tasks that were completed within 24 hours",
    sql: "SELECT pool, count(*)::float AS value FROM agents.tasks WHERE state = 'done' AND finished_at > now() - interval '1 day' GROUP BY pool",
  },
  {
    name: "agents_tokens_today",
    help: "Tokens of this day (UTC), used and reserved, of all workspaces",
    sql: "SELECT coalesce(sum(tokens), 0)::float AS value FROM agents.spend WHERE day = (now() AT TIME ZONE 'UTC')::date",
  },
  {
    name: "agents_tokens_today_highest",
    help: "Tokens of this day (UTC), used and reserved, of the workspace with the most",
    sql: "SELECT coalesce(max(tokens), 0)::float AS value FROM agents.spend WHERE day = (now() AT TIME ZONE 'UTC')::date",
  },
  {
    name: "agents_cost_today_cents",
    help: "Cost of this day (UTC), used and reserved, of all workspaces",
    sql: `SELECT coalesce(sum(cost), 0)::float / ${COST_UNITS} AS value FROM agents.spend WHERE day = (now() AT TIME ZONE 'UTC')::date`,
  },
];

export async function databaseFamilies(sessions: Sessions): Promise<GaugeFamily[]> {
  return sessions.use(async (database) => {
    const families: GaugeFamily[] = [];
    for (const { name, help, sql } of FAMILIES) {
      const { rows } = await database.query<Record<string, string> & { value: number }>(sql);
      families.push({
        name,
        help,
        samples: rows.map(({ value, ...labels }) => ({ labels, value: Number(value) })),
      });
    }
    return families;
  });
}

/** Metrics of this worker process. */
export function workerFamilies(workers: Workers, model: Model): GaugeFamily[] {
  const counts = workers.counts();
  return [
    {
      name: "agents_running",
      help: "Agents of this process",
      samples: counts.map(({ pool, agents }) => ({ labels: { pool }, value: agents })),
    },
    {
      name: "agents_busy",
      help: "Agents of this process that have a task",
      samples: counts.map(({ pool, busy }) => ({ labels: { pool }, value: busy })),
    },
    {
      name: "agents_model_requests",
      help: "Requests to the model since the process began, by how they ended",
      samples: [...model.outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      name: "agents_model_circuit_open",
      help: "1 while requests to the model are held back because the last ones failed",
      samples: [{ value: model.circuitOpen ? 1 : 0 }],
    },
  ];
}
