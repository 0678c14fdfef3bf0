import { randomUUID } from "node:crypto";
import type { Meter, Usage } from "../model";
import { BudgetSpent, RateSpent } from "../model";
import type { Ledger } from "./ledger";

interface TaskMeterArgs {
  readonly ledger: Ledger;
  readonly task: string;
  readonly workspace: string;
  readonly model: string;
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
    const { ledger, task, workspace, model } = this.args;
    const call = randomUUID();
    const verdict = await ledger.reserve({ call, task, workspace, model, ...most });
    if (verdict === "budget" || verdict === "never") throw new BudgetSpent(verdict === "never");
    if (verdict === "rate") throw new RateSpent(60_000 - (Date.now() % 60_000));
    return (used: Usage | "unknown" | "free") => {
      const actual = used === "unknown" ? most : used === "free" ? { tokens: 0, cost: 0 } : used;
      this.tokens += actual.tokens;
      this.cost += actual.cost;
      const state = typeof used === "string" ? used : "settled";
      return ledger.settle({ call, workspace, state, ...actual });
    };
  }
}
