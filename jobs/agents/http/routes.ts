import { randomUUID } from "node:crypto";
import { z } from "zod";
import { poolNames } from "../runtime";
import {
  enqueue,
  poolSizes,
  queueStates,
  recentFailures,
  restartPool,
  retryFailed,
  scalePool,
  taskOf,
  totals,
} from "../store";
import type { Caller } from "./auth";
import { type Backend, Refusal, type Route, route } from "./route";

const none = z.object({});
const pool = z.enum(poolNames);
const count = z.int().min(0);

const numbers = {
  queued: count,
  done: count,
  failed: count,
  tokens: count,
  cost_cents: z.number(),
  mean_seconds: z.number().nullable(),
};

const request = z.strictObject({
  lead_id: z.uuid().describe("the opportunity"),
  key: z
    .string()
    .regex(/^[\w.:-]{1,200}$/, "1 to 200 letters, digits, and . _ : -")
    .optional()
    .describe("the same key is the same task, however often it is sent; without it each request is a task"),
  priority: z.int().min(0).max(10).default(5).describe("higher first"),
  workspace_id: z.uuid().optional().describe("for service_role, whose token has no workspace"),
});

const accepted = z.object({ task_id: z.uuid(), state: z.string(), created: z.boolean() });

const enqueueRoute = (path: string, summary: string, name: (typeof poolNames)[number]): Route =>
  route({
    method: "post",
    path,
    summary,
    access: "caller",
    parameters: none,
    body: request,
    answer: accepted,
    status: 202,
    run: async ({ body, caller }, { sessions, boss }) => {
      const workspace = workspaceOf(caller, body.workspace_id);
      const enqueued = await enqueue(sessions, await boss(), {
        workspace,
        pool: name,
        opportunity: body.lead_id,
        key: body.key ?? randomUUID(),
        priority: body.priority,
      });
      if (!enqueued) throw new Refusal(404, "the workspace has no such lead");
      return { task_id: enqueued.id, state: enqueued.state, created: enqueued.created };
    },
  });

/** The whole API, in the order of its documentation. */
export const apiRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/ai/health",
    summary: "whether the database can be reached",
    access: "anyone",
    parameters: none,
    body: none,
    answer: z.object({
      status: z.enum(["ok", "unavailable"]),
      database: z.boolean(),
      memory: z.enum(["none"]),
    }),
    run: async (_, { sessions }) => {
      await sessions.use((database) => database.query("SELECT FROM agents.pools LIMIT 1"));
      return { status: "ok" as const, database: true, memory: "none" as const };
    },
  }),
  route({
    method: "get",
    path: "/ai/status",
    summary: "the pools and the tasks of the caller's workspace; of all for service_role without one",
    access: "caller",
    parameters: none,
    body: none,
    answer: z.object({
      agents: z.array(z.object({ id: pool, agents: count, generation: count, ...numbers })),
    }),
    run: async ({ caller }, { sessions }) => {
      const sizes = await poolSizes(sessions);
      const all = await totals(sessions, scopeOf(caller));
      return {
        agents: poolNames.map((id) => {
          const size = sizes.find(({ name }) => name === id);
          return { id, agents: size?.agents ?? 0, generation: size?.generation ?? 0, ...all.get(id) };
        }),
      } as { agents: z.input<ReturnType<typeof agentAnswer>>[] }; // safe: totals has every pool
    },
  }),
  enqueueRoute("/ai/analyze-lead", "have a lead assessed", "lead-analysis"),
  enqueueRoute("/ai/generate-follow-up", "have a follow-up proposed", "follow-up"),
  route({
    method: "get",
    path: "/ai/tasks/{id}",
    summary: "a task of the caller's workspace, with its result",
    access: "caller",
    parameters: z.object({ id: z.uuid() }),
    body: none,
    answer: z.object({
      task_id: z.uuid(),
      agent: z.string(),
      lead_id: z.uuid(),
      state: z.enum(["queued", "done", "failed"]),
      failure: z.string().nullable(),
      result: z.unknown(),
      dry_run: z.boolean(),
      decisions: z.array(
        z.object({ action: z.string(), verdict: z.string(), reason: z.string().nullable() }),
      ),
    }),
    run: async ({ path, caller }, { sessions }) => {
      const task = await taskOf(sessions, path.id, scopeOf(caller));
      if (!task) throw new Refusal(404, "there is no such task");
      return task;
    },
  }),
  route({
    method: "post",
    path: "/ai/scale-agents",
    summary: "set how many agents each worker process runs for a pool",
    access: "service",
    parameters: none,
    body: z.strictObject({ pool, agents: z.int().min(0).max(10) }),
    answer: z.object({ pool, agents: count }),
    run: async ({ body }, { sessions }) => {
      if (!(await scalePool(sessions, body.pool, body.agents)))
        throw new Refusal(409, "no worker runs this pool yet");
      return body;
    },
  }),
  route({
    method: "get",
    path: "/ai/agents/{id}/metrics",
    summary: "tasks, tokens and cost of a pool, for the caller's workspace",
    access: "caller",
    parameters: z.object({ id: pool }),
    body: none,
    answer: z.object({ id: pool, ...numbers }),
    run: async ({ path, caller }, { sessions }) => {
      const all = await totals(sessions, scopeOf(caller));
      return { id: path.id, ...all.get(path.id) } as z.input<ReturnType<typeof metricsAnswer>>; // safe: totals has every pool
    },
  }),
  route({
    method: "post",
    path: "/ai/restart",
    summary: "replace the agents of a pool, and begin its failed tasks again when asked to",
    access: "service",
    parameters: none,
    body: z.strictObject({ pool, retry_failed: z.boolean().default(false) }),
    answer: z.object({ pool, tasks_begun_again: count }),
    run: async ({ body }, { sessions, boss }) => {
      if (!(await restartPool(sessions, body.pool))) throw new Refusal(409, "no worker runs this pool yet");
      const begun = body.retry_failed ? await retryFailed(sessions, await boss(), body.pool, 1_000) : 0;
      return { pool: body.pool, tasks_begun_again: begun };
    },
  }),
  route({
    method: "get",
    path: "/ai/debug/queues",
    summary: "jobs of each queue by state, and why tasks failed",
    access: "service",
    parameters: none,
    body: none,
    answer: z.object({
      queues: z.array(
        z.object({ queue: z.string(), state: z.string(), jobs: count, oldest_seconds: z.number() }),
      ),
      failures: z.array(z.object({ task_id: z.uuid(), agent: z.string(), failure: z.string().nullable() })),
    }),
    run: async (_, { sessions }) => ({
      queues: await queueStates(sessions),
      failures: await recentFailures(sessions),
    }),
  }),
];

const metricsAnswer = () => z.object({ id: pool, ...numbers });
const agentAnswer = () => z.object({ id: pool, agents: count, generation: count, ...numbers });

/** Undefined: of every workspace. */
function scopeOf(caller: Caller): string | undefined {
  if (caller.workspace) return caller.workspace;
  if (caller.role === "service_role") return undefined;
  throw new Refusal(403, "the token has no workspace_id");
}

function workspaceOf(caller: Caller, given: string | undefined): string {
  if (given !== undefined && given !== caller.workspace && caller.role !== "service_role") {
    throw new Refusal(403, "the token is for another workspace");
  }
  const workspace = given ?? scopeOf(caller);
  if (!workspace) throw new Refusal(400, "workspace_id: is required, because the token has none");
  return workspace;
}

export type { Backend };
