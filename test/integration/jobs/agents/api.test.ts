import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AgentsProcess,
  addLeads,
  addWorkspace,
  agentsDatabase,
  ask,
  FORMER_SECRET,
  runtimeEnvironment,
  token,
} from "../../../rigs/agents/agents";
import { ModelApi } from "../../../rigs/model-api/model-api";
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { eventually } from "../../../rigs/waiting";

describe("the agents' API", () => {
  let database: TestDatabase;
  let model: ModelApi;
  let api: AgentsProcess;
  let worker: AgentsProcess;
  let url: string;
  let workspace: string;
  let lead: string;
  let user: string;
  let service: string;

  beforeAll(async () => {
    database = await agentsDatabase(sharedPostgres());
    model = await ModelApi.start();
    workspace = await addWorkspace(database, "ours");
    [lead = ""] = await addLeads(database, [{ workspace, notes: "Wants a quote." }]);
    const environment = runtimeEnvironment(database, model.url);
    api = await AgentsProcess.start("serve", environment);
    worker = await AgentsProcess.start("work", {
      ...environment,
      AGENTS_POOLS: "lead-analysis:1,follow-up:1",
    });
    url = await api.url();
    user = await token({ role: "authenticated", workspace_id: workspace });
    service = await token({ role: "service_role" });
    await eventually("the pools are registered", 20_000, async () => {
      const { answer } = await ask(url, "/ai/status", { as: service });
      return JSON.stringify(answer).includes('"agents":1');
    });
  });

  afterAll(async () => {
    await api?.kill();
    await worker?.kill();
    await model?.stop();
    await database?.drop();
  });

  const finished = (id: unknown) =>
    eventually("the task is finished", 20_000, async () => {
      const { answer } = await ask(url, `/ai/tasks/${id}`, { as: user });
      return answer.state !== "queued" && answer;
    });

  it("has a lead assessed and a follow-up proposed, once for each key", async () => {
    const first = await ask(url, "/ai/analyze-lead", { as: user, body: { lead_id: lead, key: "a" } });
    expect(first).toMatchObject({ status: 202, answer: { created: true, state: "queued" } });
    const second = await ask(url, "/ai/analyze-lead", { as: user, body: { lead_id: lead, key: "a" } });
    expect(second).toMatchObject({ status: 202, answer: { created: false, task_id: first.answer.task_id } });
    expect(await finished(first.answer.task_id)).toMatchObject({ state: "done", result: { score: 70 } });

    const proposal = await ask(url, "/ai/generate-follow-up", { as: user, body: { lead_id: lead } });
    expect(await finished(proposal.answer.task_id)).toMatchObject({
      state: "done",
      result: { channel: "email" },
      decisions: [
        { action: "propose_follow_up", verdict: "applied" },
        { action: "answer", verdict: "answered" },
      ],
    });
    expect(await database.query("SELECT status, created_by, opportunity_id FROM tasks")).toEqual([
      { status: "proposed", created_by: "agent:follow-up", opportunity_id: lead },
    ]);
    const { answer } = await ask(url, "/ai/agents/follow-up/metrics", { as: user });
    expect(answer).toMatchObject({ id: "follow-up", done: 1, failed: 0, queued: 0 });
    expect(Number(answer.tokens)).toBeGreaterThan(0);
  });

  it("refuses requests without a valid token, and other workspaces", async () => {
    const elsewhere = await token({
      role: "authenticated",
      workspace_id: await addWorkspace(database, "theirs"),
    });
    const attempts: [string | undefined, number][] = [
      [undefined, 401],
      ["not.a.token", 401],
      [
        await token(
          { role: "authenticated", workspace_id: workspace },
          { secret: "a secret of somebody else, 32 characters" },
        ),
        401,
      ],
      [await token({ role: "authenticated", workspace_id: workspace }, { expires: "-1h" }), 401],
      [await token({ role: "postgres", workspace_id: workspace }), 401],
      [await token({ role: "authenticated" }), 403],
      [elsewhere, 404],
      [await token({ role: "authenticated", workspace_id: workspace }, { secret: FORMER_SECRET }), 202],
    ];
    for (const [as, status] of attempts) {
      const { status: given } = await ask(url, "/ai/analyze-lead", {
        ...(as && { as }),
        body: { lead_id: lead, key: "b" },
      });
      expect(given).toBe(status);
    }
    const { answer } = await ask(url, "/ai/analyze-lead", { as: user, body: { lead_id: lead, key: "b" } });
    expect(await ask(url, `/ai/tasks/${answer.task_id}`, { as: elsewhere })).toMatchObject({ status: 404 });
  });

  it("names everything that is wrong with a request", async () => {
    const { status, answer } = await ask(url, "/ai/analyze-lead", {
      as: user,
      body: { lead_id: "7", priority: 99, more: 1 },
    });
    expect(status).toBe(400);
    expect(answer.error).toMatch(/lead_id.*priority.*more/s);
    expect(await ask(url, "/ai/analyze-lead", { as: user, body: "{" })).toMatchObject({ status: 400 });
    expect(await ask(url, "/ai/analyze-lead", { as: user, body: "x".repeat(70_000) })).toMatchObject({
      status: 413,
    });
    expect(await ask(url, "/ai/analyze-lead", { as: user })).toMatchObject({ status: 405 });
    expect(await ask(url, "/status")).toMatchObject({ status: 404 });
  });

  it("lets only the service scale, restart and look into the queues", async () => {
    const scale = { pool: "lead-analysis", agents: 3 };
    for (const [path, body] of [
      ["/ai/scale-agents", scale],
      ["/ai/restart", { pool: "lead-analysis" }],
      ["/ai/debug/queues", undefined],
    ] as const) {
      expect((await ask(url, path, { as: user, ...(body && { body }) })).status).toBe(403);
      expect((await ask(url, path, { as: service, ...(body && { body }) })).status).toBe(200);
    }
    expect((await ask(url, "/ai/scale-agents", { as: service, body: { ...scale, agents: 11 } })).status).toBe(
      400,
    );
    const metrics = await worker.url();
    await eventually("the worker runs three agents", 20_000, async () =>
      (await (await fetch(`${metrics}/metrics`)).text()).includes('agents_running{pool="lead-analysis"} 3'),
    );
  });

  it("describes itself and its health", async () => {
    const { answer } = await ask(url, "/ai/openapi.json");
    expect(answer).toMatchObject({ openapi: "3.1.0" });
    expect(Object.keys(answer.paths as object)).toEqual([
      "/ai/health",
      "/ai/status",
      "/ai/analyze-lead",
      "/ai/generate-follow-up",
      "/ai/tasks/{id}",
      "/ai/scale-agents",
      "/ai/agents/{id}/metrics",
      "/ai/restart",
      "/ai/debug/queues",
    ]);
    expect(await ask(url, "/health")).toMatchObject({
      status: 200,
      answer: { status: "ok", memory: "none" },
    });
    const nowhere = await AgentsProcess.start("serve", {
      ...runtimeEnvironment(database, model.url),
      AGENTS_DATABASE_PORT: "1",
    });
    try {
      expect(await ask(await nowhere.url(), "/health")).toMatchObject({
        status: 503,
        answer: { status: "unavailable" },
      });
    } finally {
      await nowhere.kill();
    }
  });
});
