import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AgentsProcess,
  addLeads,
  addWorkspace,
  agentsDatabase,
  ask,
  runtimeEnvironment,
  token,
} from "../../../rigs/agents/agents";
import { ModelApi } from "../../../rigs/model-api/model-api";
import { FailoverPair } from "../../../rigs/postgres/failover-pair";
import type { TestDatabase } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

const TASKS = 60;

describeWith(["pg_basebackup"], "agents whose PostgreSQL fails over", () => {
  let server: FailoverPair;
  let database: TestDatabase;
  let model: ModelApi;
  const running: AgentsProcess[] = [];

  beforeAll(async () => {
    server = await FailoverPair.start();
    database = await agentsDatabase(server, { AGENTS_TASK_SECONDS: "6" });
    model = await ModelApi.start({ latencyMs: 100 });
  });

  afterAll(async () => {
    await Promise.all(running.map((each) => each.kill()));
    await model?.stop();
    await database?.drop();
    await server?.stop();
  });

  async function start(verb: "serve" | "work", more: Record<string, string> = {}): Promise<AgentsProcess> {
    const started = await AgentsProcess.start(verb, { ...runtimeEnvironment(database, model.url), ...more });
    running.push(started);
    return started;
  }

  const countDone = async () =>
    (
      await database.query<{ count: number }>(
        "SELECT count(*)::integer AS count FROM agents.tasks WHERE state = 'done'",
      )
    )[0]?.count ?? 0;

  it("lose no task, complete none twice, and stay within the budget", async () => {
    const workspace = await addWorkspace(database, "ours");
    const given = Array.from({ length: TASKS }, () => ({ workspace, notes: "mark:ours Wants a quote." }));
    const leads = await addLeads(database, given);
    const url = await (await start("serve")).url();
    const as = await token({ role: "authenticated", workspace_id: workspace });
    for (const lead of leads) await ask(url, "/ai/generate-follow-up", { as, body: { lead_id: lead } });
    const more = {
      AGENTS_POOLS: "follow-up:4",
      AGENTS_DAILY_BUDGET: "tokens:1000000",
      AGENTS_MAINTENANCE_SECONDS: "1",
      AGENTS_POLL_SECONDS: "0.2",
    };
    const workers = [await start("work", more), await start("work", more)];
    await eventually("some tasks are done", 60_000, async () => (await countDone()) >= TASKS / 6);

    await server.failOver();
    const remaining = TASKS - (await countDone());
    expect(remaining).toBeGreaterThan(0);

    await eventually("every task is done", 90_000, async () => (await countDone()) === TASKS);
    const [counts] = await database.query(
      `SELECT (SELECT count(*) FROM agents.decisions WHERE verdict = 'answered')::integer AS answered,
         (SELECT count(DISTINCT task_id) FROM agents.decisions WHERE verdict = 'answered')::integer AS tasks,
         (SELECT count(*) FROM public.tasks)::integer AS proposals,
         (SELECT count(DISTINCT opportunity_id) FROM public.tasks)::integer AS leads`,
    );
    expect(counts).toEqual({ answered: TASKS, tasks: TASKS, proposals: TASKS, leads: TASKS });
    for (const each of workers) expect(each.running).toBe(true);
    await Promise.all(workers.map((each) => each.kill("SIGTERM")));
    const [spend] = await database.query<{ counted: number; sum: number }>(
      `SELECT (SELECT sum(tokens) FROM agents.spend)::integer AS counted,
         (SELECT sum(coalesce(used_tokens, tokens)) FROM agents.model_calls)::integer AS sum`,
    );
    expect(spend?.counted).toBe(spend?.sum);
    expect(spend?.counted).toBeGreaterThanOrEqual(model.billed.get("ours") ?? 0); // what was billed is counted
  }, 180_000);
});
