import type PgBoss from "pg-boss";
import type { Logger } from "../../shared";
import type { Model } from "../model";
import { BadAnswer, BudgetSpent, CallRefused } from "../model";
import { type Lead, type Pool, readPrompt, runAgent } from "../runtime";
import { safeReason } from "../safe-reason";
import type { Sessions } from "../store";
import {
  complete,
  type Delivery,
  giveUp,
  type Ledger,
  postpone,
  queueOf,
  type Task,
  TaskMeter,
} from "../store";

export interface Desk {
  readonly sessions: Sessions;
  readonly boss: PgBoss;
  readonly model: Model;
  readonly ledger: Ledger;
  readonly dryRun: boolean;
  readonly log: Logger;
}

/** How often a task may end with an answer that does not fit before it fails. */
const ATTEMPTS = 3;

/** Works on one delivery of pg-boss to its end: a result, a failure, a later time, or the next delivery. */
export async function handle(
  desk: Desk,
  pool: Pool,
  { id, task, lead }: Delivery,
  signal: AbortSignal,
): Promise<void> {
  const { boss, ledger, log } = desk;
  if (!task) {
    await boss.complete(queueOf(pool.name), id);
    return;
  }
  const meter = new TaskMeter({ ledger, task: task.id, workspace: task.workspace, model: desk.model.name });
  try {
    await work(desk, pool, task, lead, meter, signal);
  } catch (error) {
    log.warn({ task: task.id, pool: pool.name }, `a task did not complete: ${safeReason(error)}`);
    await settleFailure(desk, pool, task, meter, error);
  }
}

async function work(
  desk: Desk,
  pool: Pool,
  task: Task,
  lead: Lead | undefined,
  meter: TaskMeter,
  signal: AbortSignal,
): Promise<void> {
  const { sessions, boss, model, dryRun } = desk;
  const prompt = readPrompt(pool.name);
  if (!lead) {
    const reason = "the lead does not exist any more";
    await giveUp(sessions, boss, task, {
      reason,
      prompt: prompt.version,
      model: model.name,
      tokens: 0,
      cost: 0,
    });
    return;
  }
  const outcome = await runAgent({
    pool,
    prompt,
    lead,
    ask: (question) => model.ask(question, meter, signal),
  });
  const written = await complete(sessions, task, {
    outcome,
    contact: lead.contactId,
    prompt: prompt.version,
    model: model.name,
    dryRun,
    tokens: meter.tokens,
    cost: meter.cost,
  });
  if (!written) await boss.complete(queueOf(pool.name), task.job);
}

async function settleFailure(
  desk: Desk,
  pool: Pool,
  task: Task,
  meter: TaskMeter,
  error: unknown,
): Promise<void> {
  const { sessions, boss, model } = desk;
  const used = { tokens: meter.tokens, cost: meter.cost };
  if (error instanceof BudgetSpent && !error.never) {
    await postpone(sessions, boss, task, { until: nextDay(), countAttempt: false, ...used });
    return;
  }
  if (error instanceof BadAnswer || error instanceof CallRefused || error instanceof BudgetSpent) {
    if (error instanceof BudgetSpent || task.attempts + 1 >= ATTEMPTS) {
      const prompt = readPrompt(pool.name).version;
      await giveUp(sessions, boss, task, { reason: error.message, prompt, model: model.name, ...used });
    } else {
      const until = new Date(Date.now() + 1_000 * 2 ** task.attempts);
      await postpone(sessions, boss, task, { until, countAttempt: true, ...used });
    }
    return;
  }
  // The model, the database or this process: pg-boss delivers again, later each time.
  await boss.fail(queueOf(pool.name), task.job, { reason: safeReason(error) });
}

/** Shortly after the next midnight in UTC, spread over some minutes. */
function nextDay(): Date {
  const now = new Date();
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  return new Date(midnight + Math.random() * 300_000);
}
