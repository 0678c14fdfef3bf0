import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BudgetSpent, RateSpent } from "../../../../jobs/agents/model/errors";
import { TaskMeter } from "../../../../jobs/agents/store/budget";
import { Ledger } from "../../../../jobs/agents/store/ledger";
import { Sessions } from "../../../../jobs/agents/store/sessions";
import { agentsDatabase } from "../../../rigs/agents/agents";
import { PASSWORD, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";

describe("the budget of a workspace", () => {
  let database: TestDatabase;
  let sessions: Sessions;

  beforeAll(async () => {
    const server = sharedPostgres();
    database = await agentsDatabase(server);
    sessions = new Sessions({
      address: {
        host: "127.0.0.1",
        port: server.port,
        database: database.name,
        user: "agents_login",
        password: PASSWORD,
        sslmode: "prefer",
        certificateAuthority: undefined,
      },
      role: "crm_agents",
      sessions: 16,
      applicationName: "test",
      statementSeconds: 30,
    });
  });

  afterAll(async () => {
    await sessions?.close();
    await database?.drop();
  });

  const meter = (workspace: string, budget: { tokens?: number; cents?: number }, tokensPerMinute?: number) =>
    new TaskMeter({
      ledger: new Ledger({
        sessions,
        budget: { tokens: budget.tokens, cents: budget.cents },
        tokensPerMinute,
      }),
      task: randomUUID(),
      workspace,
      model: workspace, // a rate of its own
    });

  const spent = async (workspace: string) =>
    (
      await database.query(
        "SELECT tokens::integer, cost::integer, calls::integer FROM agents.spend WHERE workspace_id = $1",
        [workspace],
      )
    )[0];

  it("is never passed by sixteen workers that race, and is used to the last token", async () => {
    const workspace = randomUUID();
    let granted = 0;
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        for (;;) {
          try {
            const settle = await meter(workspace, { tokens: 10_000 }).reserve({ tokens: 70, cost: 0 });
            await settle({ tokens: 40 + (worker % 2) * 20, cost: 0 });
            granted += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(BudgetSpent);
            return;
          }
          expect(Number((await spent(workspace))?.tokens)).toBeLessThanOrEqual(10_000);
        }
      }),
    );
    const total = Number((await spent(workspace))?.tokens);
    expect(total).toBeGreaterThan(10_000 - 70);
    expect(total).toBeLessThanOrEqual(10_000);
    expect(granted).toBeGreaterThan(10_000 / 70);
  });

  it("is counted right by processes that post for several workspaces at once, and none waits for another in a circle", async () => {
    const workspaces = Array.from({ length: 4 }, () => randomUUID());
    const work = async (ledger: Ledger, turn: number) => {
      for (let n = 0; n < 20; n++) {
        const workspace = workspaces[(turn + n * 3) % 4] ?? "";
        const own = new TaskMeter({ ledger, task: randomUUID(), workspace, model: "shared" });
        const settle = await own.reserve({ tokens: 50, cost: 0 });
        void settle({ tokens: 10, cost: 0 });
      }
    };
    const budget = { tokens: undefined, cents: undefined };
    const ledgers = [0, 1, 2].map(() => new Ledger({ sessions, budget, tokensPerMinute: 1_000_000 }));
    await Promise.all(ledgers.flatMap((ledger) => [0, 1, 2, 3].map((turn) => work(ledger, turn))));
    await Promise.all(ledgers.map((ledger) => ledger.drain()));
    const totals = await Promise.all(workspaces.map(spent));
    expect(totals).toEqual(workspaces.map(() => ({ tokens: 600, cost: 0, calls: 60 })));
  });

  it("counts in full what may have been billed, and not at all what was not", async () => {
    const workspace = randomUUID();
    const one = await meter(workspace, { tokens: 1_000 }).reserve({ tokens: 100, cost: 5 });
    await one("unknown");
    await one({ tokens: 1, cost: 1 }); // settled once
    expect(await spent(workspace)).toEqual({ tokens: 100, cost: 5, calls: 1 });
    await (await meter(workspace, { tokens: 1_000 }).reserve({ tokens: 100, cost: 5 }))("free");
    expect(await spent(workspace)).toEqual({ tokens: 100, cost: 5, calls: 2 });
    await meter(workspace, { tokens: 1_000 }).reserve({ tokens: 300, cost: 5 }); // its worker is killed
    expect(await spent(workspace)).toEqual({ tokens: 400, cost: 10, calls: 3 });
    await expect(meter(workspace, { tokens: 1_000 }).reserve({ tokens: 601, cost: 0 })).rejects.toThrow(
      /has no room/,
    );
    await expect(meter(workspace, { tokens: 1_000 }).reserve({ tokens: 1_001, cost: 0 })).rejects.toThrow(
      /daily budget$/,
    );
  });

  it("limits cents as well", async () => {
    const workspace = randomUUID();
    await meter(workspace, { cents: 1 }).reserve({ tokens: 10, cost: 999_999 });
    await expect(meter(workspace, { cents: 1 }).reserve({ tokens: 10, cost: 2 })).rejects.toThrow(
      BudgetSpent,
    );
  });

  it("is not touched by a call that the rate of the minute refuses", async () => {
    const workspace = randomUUID();
    const calls = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        meter(workspace, { tokens: 10_000 }, 250).reserve({ tokens: 100, cost: 0 }),
      ),
    );
    const refused = calls.filter((each) => each.status === "rejected");
    for (const each of refused) expect(each.reason).toBeInstanceOf(RateSpent);
    expect(Number((await spent(workspace))?.tokens)).toBe((8 - refused.length) * 100);
    expect(refused.length).toBeGreaterThanOrEqual(4); // two a minute, and a minute may end in between
  });
});
