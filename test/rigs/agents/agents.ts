import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { readMigrations } from "../../../jobs/shared";
import { bundledJobs } from "../jobs/bundled";
import { runJob } from "../jobs/run-job";
import { createDatabase, PASSWORD, type PostgresServer, type TestDatabase } from "../postgres/postgres";
import { signedToken } from "../signed-token";
import { eventually } from "../waiting";

export const SECRET = "the newest secret of the platform's tokens";
export const FORMER_SECRET = "the former secret of the platform's tokens";

/** The login of the runtime: a member of crm_agents and of nothing else. */
const LOGIN = "agents_login";

/** A database with the CRM's tables and the agents' schemas. */
export async function agentsDatabase(
  server: Pick<PostgresServer, "url" | "port">,
  migrate: Record<string, string> = {},
): Promise<TestDatabase> {
  const database = await createDatabase(server, { label: "agents" });
  // Roles belong to the server, which several test files share.
  await database.query(`DO $$ DECLARE role text; BEGIN
    FOREACH role IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'crm_agents'] LOOP
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END;
    END LOOP;
  END $$`);
  for (const { sql } of readMigrations(join(import.meta.dirname, "../../../jobs/crm/migrations"))) {
    await database.query(sql);
  }
  await database.query(`DO $$ BEGIN
    IF to_regrole('${LOGIN}') IS NULL THEN CREATE ROLE ${LOGIN} LOGIN PASSWORD '${PASSWORD}' IN ROLE crm_agents; END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
  const run = await runJob(["agents", "migrate"], {
    environment: { ...database.environment("AGENTS_DATABASE"), ...migrate },
  });
  if (run.exitCode !== 0) throw new Error(`agents migrate failed: ${run.stderr}`);
  return database;
}

/** The environment of `serve` and `work`, as the unprivileged login. */
export const runtimeEnvironment = (database: TestDatabase, modelUrl: string): Record<string, string> => ({
  ...database.environment("AGENTS_DATABASE"),
  AGENTS_DATABASE_USER: LOGIN,
  AGENTS_MODEL_URL: modelUrl,
  AGENTS_MODEL: "stand-in",
  AGENTS_MODEL_KEY: "model-key-of-the-test",
  AGENTS_JWT_SECRET: `${SECRET},${FORMER_SECRET}`,
  AGENTS_ANSWER_TOKENS: "200",
  HOST: "127.0.0.1",
  PORT: "0",
});

interface NewLead {
  readonly workspace: string;
  readonly notes: string;
  readonly lastName?: string;
}

/** Adds leads; returns their ids in the same order. */
export async function addLeads(database: TestDatabase, leads: readonly NewLead[]): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `WITH given AS (SELECT gen_random_uuid() AS contact, gen_random_uuid() AS id, g.*
       FROM jsonb_to_recordset($1) AS g(workspace uuid, notes text, "lastName" text, n bigint)),
     people AS (INSERT INTO contacts (id, workspace_id, first_name, last_name, email, phone)
       SELECT contact, workspace, 'Petra', coalesce("lastName", 'Lindqvist'), 'petra.' || contact || '@example.org', '+49 30 1234' || n FROM given
       RETURNING id),
     made AS (INSERT INTO opportunities (id, workspace_id, contact_id, name, notes)
       SELECT given.id, workspace, contact, 'Lead ' || n, notes FROM given RETURNING id)
     SELECT given.id FROM given JOIN made ON made.id = given.id ORDER BY n`,
    [JSON.stringify(leads.map((lead, n) => ({ ...lead, n })))],
  );
  return rows.map(({ id }) => id);
}

export async function addWorkspace(database: TestDatabase, name: string): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    "INSERT INTO workspaces (name) VALUES ($1) RETURNING id",
    [name],
  );
  return row?.id ?? "";
}

export function token(
  claims: Record<string, unknown>,
  { secret = SECRET, expires = "1h" } = {},
): Promise<string> {
  return signedToken(claims, secret, { expires });
}

/** `jobs agents serve` or `work` as a process group of its own, as a pod would run it. */
export class AgentsProcess {
  output = "";
  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text) => {
        this.output += text;
      });
    }
  }

  static async start(verb: "serve" | "work", environment: Record<string, string>): Promise<AgentsProcess> {
    const child = spawn(process.execPath, [await bundledJobs(), "agents", verb], {
      cwd: resolve(import.meta.dirname, "../../.."),
      env: { PATH: process.env.PATH, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    return new AgentsProcess(child);
  }

  /** The address that it listens on. */
  async url(): Promise<string> {
    const port = await eventually(
      "the agents listen",
      30_000,
      () => /listens on 127.0.0.1:(\d+)/.exec(this.output)?.[1],
    );
    return `http://127.0.0.1:${port}`;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { pid } = this.child;
    if (!this.running || pid === undefined) return;
    const ended = new Promise((end) => this.child.once("close", end));
    try {
      // SIGTERM goes to the supervisor alone, as from Kubernetes; SIGKILL takes the whole pod.
      process.kill(signal === "SIGKILL" ? -pid : pid, signal);
    } catch {
      // It has ended by itself.
    }
    await ended;
  }
}

/** Sends a request with a token to the agents' API. */
export async function ask(
  url: string,
  path: string,
  { as, body }: { as?: string; body?: unknown } = {},
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...(as && { authorization: `Bearer ${as}` }), "content-type": "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  // Safe: every answer of the API is a JSON object.
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}
