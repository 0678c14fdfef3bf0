import { setTimeout as wait } from "node:timers/promises";
import type { Sessions } from "./sessions";

/** Undefined: no limit of this kind. */
export interface Budget {
  readonly tokens: number | undefined;
  /** In cents. */
  readonly cents: number | undefined;
}

/** Cost is counted in millionths of a cent. */
export const COST_UNITS = 1_000_000;

/** What became of a reservation: the day's budget or the minute's tokens are spent, or the call is larger than a day's. */
export type Verdict = "granted" | "budget" | "never" | "rate";

interface Reservation {
  readonly call: string;
  readonly task: string;
  readonly workspace: string;
  readonly model: string;
  readonly tokens: number;
  readonly cost: number;
}

interface Settlement {
  readonly call: string;
  readonly workspace: string;
  readonly tokens: number;
  readonly cost: number;
  readonly state: "settled" | "unknown" | "free";
}

interface Pending<Entry, Answer> {
  readonly entry: Entry;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface LedgerArgs {
  readonly sessions: Sessions;
  readonly budget: Budget;
  readonly tokensPerMinute: number | undefined;
}

/** How long a settlement waits for a reservation to go with. */
const SETTLEMENT_WAIT_MS = 20;

/**
 * The tokens and the cost that a process reserves and settles. What its agents want while a statement runs goes into the
 * next one together, so that many agents need few statements and wait for few writes to disk.
 */
export class Ledger {
  private reservations: Pending<Reservation, Verdict>[] = [];
  private settlements: Pending<Settlement, undefined>[] = [];
  private posting: Promise<void> | undefined;

  constructor(private readonly args: LedgerArgs) {}

  /** Resolves when the reservation is committed or refused. */
  reserve(entry: Reservation): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.reservations.push({ entry, resolve, reject });
      this.begin();
    });
  }

  /** Resolves when the settlement is committed. If that fails, the whole reservation stays counted. */
  settle(entry: Settlement): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settlements.push({ entry, resolve, reject });
      void wait(SETTLEMENT_WAIT_MS).then(() => this.begin());
    });
  }

  /** Posts what is left, and resolves when everything is settled or has failed. */
  async drain(): Promise<void> {
    this.begin();
    while (this.posting) await this.posting;
  }

  private begin(): void {
    if (this.posting || this.reservations.length + this.settlements.length === 0) return;
    this.posting = this.post().then(() => {
      this.posting = undefined;
      // A settlement alone still waits for its turn, unless it has waited for this statement.
      this.begin();
    });
  }

  private async post(): Promise<void> {
    const { sessions, budget, tokensPerMinute } = this.args;
    const reservations = this.reservations.splice(0);
    const settlements = this.settlements.splice(0);
    try {
      const { rows } = await sessions.use((database) =>
        database.query<{ verdicts: Verdict[] }>({
          name: "post",
          text: "SELECT agents.post($1, $2, $3, $4, $5) AS verdicts",
          values: [
            JSON.stringify(settlements.map(({ entry }) => entry)),
            JSON.stringify(reservations.map(({ entry }) => entry)),
            budget.tokens ?? null,
            budget.cents === undefined ? null : budget.cents * COST_UNITS,
            tokensPerMinute ?? null,
          ],
        }),
      );
      const verdicts = rows[0]?.verdicts ?? [];
      for (const { resolve } of settlements) resolve(undefined);
      for (const [index, { resolve, reject }] of reservations.entries()) {
        const verdict = verdicts[index];
        if (verdict) resolve(verdict);
        else reject(new Error("the database gave no verdict on a reservation"));
      }
    } catch (error) {
      for (const { reject } of [...settlements, ...reservations]) reject(error);
    }
  }
}
