import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { eventually } from "../../../rigs/waiting";

describe("a task", () => {
  let database: TestDatabase;
  let model: ModelApi;
  let api: AgentsProcess;
  let url: string;
  let workspace: string;
  let user: string;
  let misfit = false;

  beforeAll(async () => {
    database = await agentsDatabase(sharedPostgres());
    model = await ModelApi.start({ fault: () => (misfit ? "misfit" : undefined) });
    workspace = await addWorkspace(database, "ours");
    user = await token({ role: "authenticated", workspace_id: workspace });
    api = await AgentsProcess.start("serve", runtimeEnvironment(database, model.url));
    url = await api.url();
  });

  afterAll(async () => {
    await api?.kill();
    await model?.stop();
    await database?.drop();
  });

  const worker = (more: Record<string, string>) =>
    AgentsProcess.start("work", {
      ...runtimeEnvironment(database, model.url),
      AGENTS_POOLS: "lead-analysis:1,follow-up:1",
      AGENTS_POLL_SECONDS: "0.2",
      ...more,
    });

  async function enqueue(path: string): Promise<unknown> {
    const [lead] = await addLeads(database, [{ workspace, notes: "Wants a quote." }]);
    const { answer } = await ask(url, path, { as: user, body: { lead_id: lead } });
    return answer.task_id;
  }

  const inState = (id: unknown, state: string) =>
    eventually(`the task is ${state}`, 30_000, async () => {
      const { answer } = await ask(url, `/ai/tasks/${id}`, { as: user });
      return answer.state === state && answer;
    });

  it("of a dry run records its decisions and writes nothing", async () => {
    const working = await worker({ AGENTS_DRY_RUN: "true" });
    try {
      const task = await inState(await enqueue("/ai/generate-follow-up"), "done");
      expect(task).toMatchObject({
        dry_run: true,
        decisions: [
          { action: "propose_follow_up", verdict: "dry-run" },
          { action: "answer", verdict: "answered" },
        ],
      });
      expect(await database.query("SELECT FROM tasks")).toEqual([]);
    } finally {
      await working.kill("SIGTERM");
    }
  });

  it("without an answer that fits fails after three attempts, and begins again when it is told to", async () => {
    const working = await worker({});
    try {
      misfit = true;
      const id = await enqueue("/ai/analyze-lead");
      expect(await inState(id, "failed")).toMatchObject({
        failure: "no answer fitted the schema",
        decisions: [{ action: "answer", verdict: "failed" }],
      });
      misfit = false;
      const as = await token({ role: "service_role" });
      const body = { pool: "lead-analysis", retry_failed: true };
      expect((await ask(url, "/ai/restart", { as, body })).answer).toMatchObject({ tasks_begun_again: 1 });
      expect(await inState(id, "done")).toMatchObject({ failure: null, result: { score: 70 } });
    } finally {
      misfit = false;
      await working.kill("SIGTERM");
    }
  });

  it("whose one call needs more than a day's budget fails, and one that finds the budget spent waits for tomorrow", async () => {
    const small = await worker({ AGENTS_DAILY_BUDGET: "tokens:100" });
    try {
      expect(await inState(await enqueue("/ai/analyze-lead"), "failed")).toMatchObject({
        failure: "one call needs more than the daily budget",
      });
    } finally {
      await small.kill("SIGTERM");
    }
    await database.query("UPDATE agents.spend SET tokens = 9999 WHERE workspace_id = $1", [workspace]);
    const spent = await worker({ AGENTS_DAILY_BUDGET: "tokens:10000" });
    try {
      const id = await enqueue("/ai/analyze-lead");
      await eventually("the task waits for tomorrow", 30_000, async () => {
        const jobs = await database.query(
          `SELECT FROM agent_queue.job JOIN agents.tasks AS t ON t.job = job.id
           WHERE t.id = $1 AND job.state = 'created' AND start_after >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 day'`,
          [id],
        );
        return jobs.length === 1;
      });
    } finally {
      await spent.kill("SIGTERM");
    }
  });
});
