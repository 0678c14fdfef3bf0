import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forgetOld } from "../../../../jobs/agents/store/retention";
import { Sessions } from "../../../../jobs/agents/store/sessions";
import { agentsDatabase } from "../../../rigs/agents/agents";
import { PASSWORD, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";

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
    sessions: 2,
    applicationName: "test",
    statementSeconds: 30,
  });
});

afterAll(async () => {
  await sessions?.close();
  await database?.drop();
});

/** A task with its decision, model call and day, all so many days old. */
async function addTask(days: number, state: "queued" | "done"): Promise<void> {
  const id = randomUUID();
  const at = `now() - ${days} * interval '1 day'`;
  await database.query(
    `INSERT INTO agents.tasks (id, workspace_id, pool, key, opportunity_id, priority, job, state, created_at, finished_at)
     VALUES ($1, $1, 'follow-up', 'k', $1, 5, $1, $2, ${at}, ${state === "done" ? at : "NULL"})`,
    [id, state],
  );
  await database.query(
    `INSERT INTO agents.decisions (task_id, workspace_id, agent, prompt, model, action, verdict, decided_at)
     VALUES ($1, $1, 'follow-up', 'v1', 'm', 'answer', 'answered', ${at})`,
    [id],
  );
  await database.query(
    `INSERT INTO agents.model_calls (id, task_id, workspace_id, day, model, minute, tokens, cost, called_at)
     VALUES ($1, $1, $1, (${at})::date, 'm', ${at}, 1, 0, ${at})`,
    [id],
  );
  await database.query(`INSERT INTO agents.spend (workspace_id, day) VALUES ($1, (${at})::date)`, [id]);
}

const counts = async () =>
  (
    await database.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM agents.tasks)::integer AS tasks, (SELECT count(*) FROM agents.model_calls)::integer AS calls,
         (SELECT count(*) FROM agents.decisions)::integer AS decisions, (SELECT count(*) FROM agents.spend)::integer AS days`,
    )
  )[0];

it("deletes what is older than the settings keep, in batches, and no task that waits", async () => {
  for (const days of [0, 0, 40, 40, 40, 400, 400]) await addTask(days, "done");
  await addTask(400, "queued");

  expect(await forgetOld(sessions, { keepTasksDays: 0, keepAuditDays: 0 })).toBe(0);
  expect(await counts()).toEqual({ tasks: 8, calls: 8, decisions: 8, days: 8 });
  await forgetOld(sessions, { keepTasksDays: 0, keepAuditDays: 365 }, 1);
  expect(await counts()).toEqual({ tasks: 8, calls: 8, decisions: 5, days: 5 });
  await forgetOld(sessions, { keepTasksDays: 30, keepAuditDays: 365 }, 2);
  expect(await counts()).toEqual({ tasks: 3, calls: 2, decisions: 5, days: 5 });
});

it("leaves the runtime without the right to delete, and keeps a day whatever it is told", async () => {
  await expect(
    sessions.use((session) => session.query("DELETE FROM agents.decisions")),
  ).rejects.toMatchObject({ code: "42501" });
  await sessions.use((session) => session.query("SELECT agents.forget('infinity', 'infinity', 1000)"));
  expect(await counts()).toEqual({ tasks: 3, calls: 2, decisions: 2, days: 2 });
});
