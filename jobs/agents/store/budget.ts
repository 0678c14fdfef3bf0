import { randomUUID } from "node:crypto";
import type { Meter, Usage } from "../model";
import { BudgetSpent, RateSpent } from "../model";
import type { Sessions } from "./sessions";

/** Undefined: no limit of this kind. */
export interface Budget {
  readonly tokens: number | undefined;
  /** In cents. */
  readonly cents: number | undefined;
}

/** Cost is counted in millionths of a cent. */
export const COST_UNITS = 1_000_000;

interface TaskMeterArgs {
  readonly sessions: Sessions;
  readonly task: string;
  readonly workspace: string;
  readonly model: string;
  readonly budget: Budget;
  readonly tokensPerMinute: number | undefined;
}

/**
 * Meters the calls of one task. The reservation is committed before the request leaves. A worker that is killed leaves
 * its reservation standing, so a call that may have been billed is always counted, and in full.
 */
export class TaskMeter implements Meter {
  tokens = 0;
  cost = 0;

  constructor(private readonly args: TaskMeterArgs) {}

  async reserve(most: Usage) {
    const { sessions, task, workspace, model, budget, tokensPerMinute } = this.args;
    const call = randomUUID();
    const { rows } = await sessions.use((database) =>
      database.query<{ verdict: "granted" | "budget" | "never" | "rate" }>(
        "SELECT agents.reserve($1, $2, $3, $4, $5, $6, $7, $8, $9) AS verdict",
        [
          call,
          task,
          workspace,
          model,
          most.tokens,
          most.cost,
          budget.tokens ?? null,
          budget.cents === undefined ? null : budget.cents * COST_UNITS,
          tokensPerMinute ?? null,
        ],
      ),
    );
    const verdict = rows[0]?.verdict;
    if (verdict === "budget" || verdict === "never") throw new BudgetSpent(verdict === "never");
    if (verdict === "rate") throw new RateSpent(60_000 - (Date.now() % 60_000));
    return async (used: Usage | "unknown" | "free") => {
      const actual = used === "unknown" ? most : used === "free" ? { tokens: 0, cost: 0 } : used;
      this.tokens += actual.tokens;
      this.cost += actual.cost;
      const state = typeof used === "string" ? used : "settled";
      await sessions.use((database) =>
        // Not flushed at once: a crash that loses it leaves the whole reservation counted.
        database.query(
          "SELECT set_config('synchronous_commit', 'off', true), agents.settle($1, $2, $3, $4)",
          [call, actual.tokens, actual.cost, state],
        ),
      );
    };
  }
}
