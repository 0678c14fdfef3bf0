import { randomUUID } from "node:crypto";
import type PgBoss from "pg-boss";
import { type Database, sqlState, transaction } from "../../shared";
import type { AgentOutcome, Subject } from "../runtime";
import { type JobData, queueOf, WAKE_CHANNEL } from "./queue";
import type { Sessions } from "./sessions";

export interface Task {
  readonly id: string;
  readonly job: string;
  readonly workspace: string;
  readonly pool: string;
  readonly opportunity: string;
  readonly attempts: number;
  readonly priority: number;
  /** When this delivery began. */
  readonly started: Date;
}

export interface NewTask {
  readonly workspace: string;
  readonly pool: string;
  readonly opportunity: string;
  /** The same key for the same pool and workspace is the same task. */
  readonly key: string;
  readonly priority: number;
}

interface Enqueued {
  readonly id: string;
  readonly state: string;
  /** False: the key was there already. */
  readonly created: boolean;
}

/** Enqueues a task and its job in one transaction; undefined where the workspace has no such lead. */
export function enqueue(sessions: Sessions, boss: PgBoss, task: NewTask): Promise<Enqueued | undefined> {
  return sessions.inWorkspace(task.workspace, async (database) => {
    const lead = await database.query(
      "SELECT FROM opportunities WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
      [task.workspace, task.opportunity],
    );
    if (lead.rowCount === 0) return undefined;
    const [id, job] = [randomUUID(), randomUUID()];
    const made = await database.query(
      `INSERT INTO agents.tasks (id, workspace_id, pool, key, opportunity_id, priority, job)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace_id, pool, key) DO NOTHING`,
      [id, task.workspace, task.pool, task.key, task.opportunity, task.priority, job],
    );
    if (made.rowCount === 0) {
      const { rows } = await database.query<{ id: string; state: string }>(
        "SELECT id, state FROM agents.tasks WHERE workspace_id = $1 AND pool = $2 AND key = $3",
        [task.workspace, task.pool, task.key],
      );
      return rows[0] && { ...rows[0], created: false };
    }
    await send(database, boss, {
      task: id,
      job,
      workspace: task.workspace,
      pool: task.pool,
      priority: task.priority,
    });
    return { id, state: "queued", created: true };
  });
}

interface SendArgs extends JobData {
  readonly pool: string;
  readonly priority: number;
  readonly startAfter?: Date;
}

async function send(database: Database, boss: PgBoss, args: SendArgs): Promise<void> {
  const { task, job, workspace, pool, priority, startAfter } = args;
  const options = { id: job, priority, ...(startAfter && { startAfter }), db: within(database) };
  await boss.send(queueOf(pool), { task, job, workspace } satisfies JobData, options);
  if (!startAfter) await database.query("SELECT pg_notify($1, $2)", [WAKE_CHANNEL, pool]);
}

/** pg-boss in a transaction of ours. */
const within = (database: Database) => ({
  executeSql: (text: string, values: unknown[]) => database.query(text, values),
});

export interface Completion {
  readonly outcome: AgentOutcome;
  readonly contact: string | null;
  readonly prompt: string;
  readonly model: string;
  readonly dryRun: boolean;
  readonly tokens: number;
  readonly cost: number;
}

interface Decision {
  readonly action: string;
  readonly verdict: "applied" | "refused" | "dry-run" | "answered" | "failed";
  readonly reason?: string;
  readonly row_id?: string;
}

/** The task was completed by another delivery: this one changes nothing. */
class AlreadyComplete extends Error {}

/**
 * Commits the result, its effects, its audit and the end of its job in one transaction. Returns false when another
 * delivery was first; then nothing is written.
 */
export async function complete(sessions: Sessions, task: Task, done: Completion): Promise<boolean> {
  const { refused, effects } = done.outcome;
  const decisions: Decision[] = refused.map(({ action, refusal }) => ({
    action,
    verdict: "refused",
    reason: refusal,
  }));
  // One statement is a transaction of its own.
  if (effects.length === 0) return await sessions.use((database) => end(database, task, done, decisions));
  const subject = { ...task, contact: done.contact };
  try {
    await sessions.inWorkspace(task.workspace, async (database) => {
      for (const effect of effects) decisions.push(await apply(database, effect, subject, done.dryRun));
      if (!(await end(database, task, done, decisions))) throw new AlreadyComplete();
    });
    return true;
  } catch (error) {
    if (error instanceof AlreadyComplete) return false;
    throw error;
  }
}

async function end(
  database: Database,
  task: Task,
  { outcome, prompt, model, dryRun, tokens, cost }: Completion,
  decisions: readonly Decision[],
): Promise<boolean> {
  const { id, job, workspace, pool, started } = task;
  const done = { task: id, job, workspace, pool, started, prompt, model, dryRun, tokens, cost };
  const { rows } = await database.query<{ complete: boolean }>({
    name: "complete",
    text: "SELECT agents.complete($1, $2, $3, $4)",
    values: [
      JSON.stringify(done),
      JSON.stringify(outcome.answer),
      JSON.stringify([...decisions, { action: "answer", verdict: "answered" } satisfies Decision]),
      queueOf(pool),
    ],
  });
  return rows[0]?.complete === true;
}

async function apply(
  database: Database,
  effect: AgentOutcome["effects"][number],
  subject: Subject,
  dryRun: boolean,
): Promise<Decision> {
  if (dryRun) return { action: effect.tool, verdict: "dry-run" };
  await database.query("SAVEPOINT effect");
  try {
    return { action: effect.tool, verdict: "applied", row_id: await effect.write(database, subject) };
  } catch (error) {
    const state = sqlState(error);
    // 42501: a policy or a right; class 22 and 23: a value or a constraint. Everything else is no verdict on the effect.
    if (!state || !/^(42501|22|23)/.test(state)) throw error;
    await database.query("ROLLBACK TO SAVEPOINT effect");
    return { action: effect.tool, verdict: "refused", reason: `SQLSTATE ${state}` };
  }
}

async function record(
  database: Database,
  task: Task,
  { prompt, model }: Pick<Completion, "prompt" | "model">,
  decisions: readonly Decision[],
): Promise<void> {
  await database.query(
    `INSERT INTO agents.decisions (task_id, workspace_id, agent, prompt, model, action, verdict, reason, row_id)
     SELECT $1, $2, $3, $4, $5, action, verdict, reason, row_id
     FROM jsonb_to_recordset($6) AS given (action text, verdict text, reason text, row_id uuid)`,
    [task.id, task.workspace, task.pool, prompt, model, JSON.stringify(decisions)],
  );
}

interface Attempt extends Pick<Completion, "prompt" | "model" | "tokens" | "cost"> {
  /** Why, in words without content. */
  readonly reason: string;
}

/** Ends a task without a result. */
export async function giveUp(sessions: Sessions, boss: PgBoss, task: Task, attempt: Attempt): Promise<void> {
  await sessions.use((database) =>
    transaction(database, "BEGIN", async () => {
      const { rowCount } = await database.query(
        `UPDATE agents.tasks SET state = 'failed', failure = $3, attempts = attempts + 1, prompt = $4, model = $5,
           tokens = tokens + $6, cost = cost + $7, started_at = $8, finished_at = clock_timestamp()
         WHERE id = $1 AND job = $2 AND state = 'queued'`,
        [
          task.id,
          task.job,
          attempt.reason,
          attempt.prompt,
          attempt.model,
          attempt.tokens,
          attempt.cost,
          task.started,
        ],
      );
      if (rowCount === 1)
        await record(database, task, attempt, [
          { action: "answer", verdict: "failed", reason: attempt.reason },
        ]);
      await boss.complete(queueOf(task.pool), task.job, {}, { db: within(database) });
    }),
  );
}

/** Gives the task a new job at a later time and ends the present one, in one transaction. */
export async function postpone(
  sessions: Sessions,
  boss: PgBoss,
  task: Task,
  args: {
    readonly until: Date;
    readonly countAttempt: boolean;
    readonly tokens: number;
    readonly cost: number;
  },
): Promise<void> {
  const job = randomUUID();
  await sessions.use((database) =>
    transaction(database, "BEGIN", async () => {
      const { rowCount } = await database.query(
        `UPDATE agents.tasks SET job = $3, attempts = attempts + $4, tokens = tokens + $5, cost = cost + $6
         WHERE id = $1 AND job = $2 AND state = 'queued'`,
        [task.id, task.job, job, args.countAttempt ? 1 : 0, args.tokens, args.cost],
      );
      if (rowCount === 1)
        await send(database, boss, {
          task: task.id,
          job,
          workspace: task.workspace,
          pool: task.pool,
          priority: task.priority,
          startAfter: args.until,
        });
      await boss.complete(queueOf(task.pool), task.job, {}, { db: within(database) });
    }),
  );
}

/** A job whose every delivery failed ends its task, which `restart` can begin again. */
export async function bury(sessions: Sessions, id: string, job: string): Promise<boolean> {
  const { rowCount } = await sessions.use((database) =>
    database.query(
      `UPDATE agents.tasks SET state = 'failed', failure = 'every delivery of its job failed', finished_at = now()
       WHERE id = $1 AND job = $2 AND state = 'queued'`,
      [id, job],
    ),
  );
  return rowCount === 1;
}

/** Begins failed tasks of a pool again, each with a new job and fresh attempts; returns how many. */
export async function retryFailed(
  sessions: Sessions,
  boss: PgBoss,
  pool: string,
  most: number,
): Promise<number> {
  return sessions.use((database) =>
    transaction(database, "BEGIN", async () => {
      const { rows } = await database.query<{ id: string; workspace: string; priority: number }>(
        `SELECT id, workspace_id AS workspace, priority FROM agents.tasks WHERE state = 'failed' AND pool = $1
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
        [pool, most],
      );
      for (const { id, workspace, priority } of rows) {
        const job = randomUUID();
        await database.query(
          "UPDATE agents.tasks SET state = 'queued', failure = NULL, attempts = 0, finished_at = NULL, job = $2 WHERE id = $1",
          [id, job],
        );
        await send(database, boss, { task: id, job, workspace, pool, priority });
      }
      return rows.length;
    }),
  );
}
