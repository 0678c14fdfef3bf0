import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentsProcess, ask, SECRET, token } from "../../../rigs/agents/agents";
import { CrmDatabase } from "../../../rigs/crm/crm-database";
import { runJob } from "../../../rigs/jobs/run-job";
import { ModelApi } from "../../../rigs/model-api/model-api";
import { eventually } from "../../../rigs/waiting";

describe("agents in a database as the bootstrap makes it", () => {
  let crm: CrmDatabase;
  let model: ModelApi;
  const running: AgentsProcess[] = [];

  beforeAll(async () => {
    crm = await CrmDatabase.start();
    model = await ModelApi.start();
  });

  afterAll(async () => {
    for (const each of running) await each.kill();
    await model?.stop();
    await crm?.stop();
  });

  const migrate = () =>
    runJob(["agents", "migrate"], { environment: crm.environment("AGENTS_DATABASE", "crm_migrator_1") });

  it("are migrated by the migrator, twice as well as once, and work as their own login", async () => {
    for (const run of [await migrate(), await migrate()]) expect(run).toMatchObject({ exitCode: 0 });
    const [workspace] = await crm.admin("INSERT INTO workspaces (name) VALUES ('ours') RETURNING id");
    const [lead] = await crm.admin(
      `INSERT INTO opportunities (workspace_id, name, notes) VALUES ('${workspace?.id}', 'Home', 'Wants a quote.') RETURNING id`,
    );
    const environment = {
      ...crm.environment("AGENTS_DATABASE", "crm_agents_1"),
      AGENTS_MODEL_URL: model.url,
      AGENTS_MODEL: "stand-in",
      AGENTS_MODEL_KEY: "key",
      AGENTS_JWT_SECRET: SECRET,
      HOST: "127.0.0.1",
      PORT: "0",
    };
    const api = await AgentsProcess.start("serve", environment);
    running.push(api, await AgentsProcess.start("work", environment));
    const as = await token({ role: "authenticated", workspace_id: workspace?.id });
    const url = await api.url();
    const { answer } = await ask(url, "/ai/generate-follow-up", { as, body: { lead_id: lead?.id } });
    await eventually("the task is done", 30_000, async () => {
      const task = await ask(url, `/ai/tasks/${answer.task_id}`, { as });
      return task.answer.state === "done";
    });
    expect(await crm.admin("SELECT created_by FROM tasks")).toEqual([{ created_by: "agent:follow-up" }]);
  });
});
