import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CrmDatabase, crmSpecification } from "../../../rigs/crm/crm-database";
import { runJob } from "../../../rigs/jobs/run-job";

const DOCS = resolve(import.meta.dirname, "../../../../docs/crm");

describe("the schema of the CRM", () => {
  let crm: CrmDatabase;
  const job = (...words: string[]) =>
    runJob(["crm", ...words], { environment: crm.environment("CRM", "crm_migrator_3") });

  beforeAll(async () => {
    crm = await CrmDatabase.start();
  });

  afterAll(() => crm?.stop());

  it("is the same after a second bootstrap and migration, and when both rotate the logins", async () => {
    const catalogue = () =>
      crm.admin(`SELECT (SELECT jsonb_agg(to_jsonb(role) - 'oid' ORDER BY rolname) FROM pg_roles AS role) AS roles,
        (SELECT jsonb_agg(relname || coalesce(relacl::text, '') ORDER BY relname) FROM pg_class
          WHERE relnamespace IN ('public'::regnamespace, 'auth'::regnamespace, 'storage'::regnamespace)) AS grants,
        (SELECT jsonb_agg(policyname || tablename || coalesce(qual, '') ORDER BY tablename, policyname) FROM pg_policies)
          AS policies`);
    const first = await catalogue();
    expect(await crm.job.run(crmSpecification(1))).toMatchObject({ exitCode: 0 });
    expect(await crm.migrate()).toMatchObject({ exitCode: 0 });
    expect(await catalogue()).toEqual(first);
    expect(await crm.job.run(crmSpecification(1, 2))).toMatchObject({ exitCode: 0 });
    for (const login of ["authenticator_1", "authenticator_2", "supabase_auth_admin_2", "crm_agents_2"]) {
      expect(await crm.as(login, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    }
    expect(await crm.job.run(crmSpecification(3), ["--retire"])).toMatchObject({ exitCode: 0 });
    await expect(crm.as("authenticator_1", "SELECT 1")).rejects.toThrow();
  });

  it("lets the auth and storage services create their own tables, whichever epoch", async () => {
    expect(await crm.job.run(crmSpecification(2, 3))).toMatchObject({ exitCode: 0 });
    await crm.as("supabase_auth_admin_2", "CREATE TABLE users (id uuid PRIMARY KEY)");
    await crm.as("supabase_auth_admin_3", "ALTER TABLE auth.users ADD email text");
    await crm.as("supabase_storage_admin_3", "CREATE TABLE objects (id uuid PRIMARY KEY)");
    const owners = await crm.admin(
      "SELECT relname, relowner::regrole::text AS owner FROM pg_class WHERE relname IN ('users', 'objects') AND relnamespace <> 'public'::regnamespace ORDER BY 1",
    );
    expect(owners).toEqual([
      { relname: "objects", owner: "supabase_storage_admin" },
      { relname: "users", owner: "supabase_auth_admin" },
    ]);
    for (const sql of [
      "CREATE TABLE public.mine (id integer)",
      "SELECT FROM public.contacts",
      "CREATE SCHEMA mine",
    ]) {
      await expect(crm.as("supabase_auth_admin_3", sql), sql).rejects.toMatchObject({ code: "42501" });
    }
    // storage-api takes the role of a request, as PostgREST does.
    await crm.as("supabase_storage_admin_3", "SET ROLE authenticated; SELECT FROM public.contacts");
  });

  it("refuses, and explains, to migrate a server without the roles", async () => {
    await crm.admin("CREATE ROLE plain LOGIN PASSWORD 'plain-passw0rd'");
    await crm.admin("ALTER ROLE crm_agents RENAME TO crm_agents_away");
    await crm.job.as("postgres", "postgres", "postgres", "CREATE DATABASE plain OWNER plain");
    const environment = {
      ...crm.environment("MIGRATE", "plain"),
      MIGRATE_DATABASE: "plain",
      MIGRATE_PASSWORD: "plain-passw0rd",
    };
    const refused = await runJob(["postgres", "migrate", "up", "crm"], { environment });
    await crm.admin("ALTER ROLE crm_agents_away RENAME TO crm_agents");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain("the roles crm_agents do not exist");
    expect(refused.stderr).toContain("jobs postgres bootstrap");
  });

  it("has no circle of foreign keys, an index for each, and row security on every table", async () => {
    const keys =
      await crm.admin(`SELECT conrelid::regclass::text AS source, confrelid::regclass::text AS target
      FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`);
    let left = keys.filter(({ source, target }) => source !== target);
    for (;;) {
      const sources = new Set(left.map(({ source }) => source));
      const next = left.filter(({ target }) => sources.has(target));
      if (next.length === left.length) break;
      left = next;
    }
    expect(left).toEqual([]);
    expect(
      await crm.admin(`SELECT conrelid::regclass::text, conname FROM pg_constraint AS key
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
          SELECT FROM pg_index WHERE indrelid = conrelid
            AND (indkey::smallint[])[0:cardinality(conkey) - 1] @> conkey
            AND (indpred IS NULL OR pg_get_expr(indpred, indrelid) = '(deleted_at IS NULL)'))`),
    ).toEqual([]);
    expect(
      await crm.admin(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'trellis_migrations' AND NOT (relrowsecurity AND relforcerowsecurity)`),
    ).toEqual([]);
  });

  it("inserts the demo data once", async () => {
    const [first, second] = [await job("seed"), await job("seed")];
    expect([first.exitCode, second.exitCode, first.stderr.match(/inserted \d+/)?.[0]]).toEqual([
      0,
      0,
      "inserted 24",
    ]);
    expect(second.stderr).toContain("inserted 0 rows");
  });

  it("serves the interface that docs/crm has", async () => {
    const [openapi, types] = [await job("openapi"), await job("types")];
    expect(JSON.parse(openapi.stdout)).toEqual(JSON.parse(readFileSync(`${DOCS}/openapi.json`, "utf8")));
    expect(types.stdout).toBe(readFileSync(`${DOCS}/database.ts`, "utf8"));
  });

  it("answers the usual queries of a user by an index, among many workspaces", async () => {
    await crm.admin(`
      INSERT INTO workspaces (name) SELECT 'w' || n FROM generate_series(1, 200) AS n;
      INSERT INTO contacts (workspace_id, first_name, last_name, email)
        SELECT id, 'f' || n, 'l' || n, n || '@example.com' FROM workspaces, generate_series(1, 100) AS n;
      INSERT INTO opportunities (workspace_id, contact_id, name, status)
        SELECT workspace_id, id, 'o', (ARRAY['new', 'won', 'lost'])[1 + length(last_name) % 3] FROM contacts;
      INSERT INTO interactions (workspace_id, opportunity_id, contact_id, kind)
        SELECT workspace_id, id, contact_id, 'call' FROM opportunities;
      INSERT INTO tasks (workspace_id, opportunity_id, title, due_at)
        SELECT workspace_id, id, 't', now() FROM opportunities;
      INSERT INTO notes (workspace_id, opportunity_id, body) SELECT workspace_id, id, 'n' FROM opportunities;
      INSERT INTO users (id, email) VALUES ('11111111-1111-4111-8111-111111111111', 'u@example.com');
      INSERT INTO workspace_members (workspace_id, user_id)
        SELECT id, '11111111-1111-4111-8111-111111111111' FROM workspaces WHERE name = 'w7';
      ANALYZE`);
    const [{ id, contact, opportunity } = {}] = await crm.admin(
      `SELECT w.id, c.id AS contact, o.id AS opportunity FROM workspaces AS w JOIN contacts AS c ON c.workspace_id = w.id
       JOIN opportunities AS o ON o.contact_id = c.id WHERE w.name = 'w7' LIMIT 1`,
    );
    const api = await crm.session("authenticator_3");
    await api.query(`SET ROLE authenticated`);
    await api.query(`SET request.jwt.claims = '{"sub": "11111111-1111-4111-8111-111111111111"}'`);
    const scans: string[] = [];
    for (const sql of [
      `SELECT * FROM contacts WHERE id = '${contact}'`,
      `SELECT * FROM contacts WHERE workspace_id = '${id}' ORDER BY last_name, first_name LIMIT 50`,
      `SELECT * FROM contacts WHERE workspace_id = '${id}' AND lower(email) = '7@example.com'`,
      "SELECT * FROM contacts ORDER BY last_name, first_name LIMIT 50",
      `SELECT * FROM opportunities WHERE workspace_id = '${id}' AND status = 'new' ORDER BY created_at LIMIT 50`,
      `SELECT * FROM opportunities WHERE workspace_id = '${id}' ORDER BY created_at DESC LIMIT 50`,
      `SELECT * FROM opportunities WHERE workspace_id = '${id}' AND contact_id = '${contact}'`,
      `SELECT * FROM interactions WHERE workspace_id = '${id}' AND opportunity_id = '${opportunity}' ORDER BY occurred_at`,
      `SELECT * FROM interactions WHERE workspace_id = '${id}' ORDER BY occurred_at DESC LIMIT 50`,
      `SELECT * FROM notes WHERE workspace_id = '${id}' AND opportunity_id = '${opportunity}'`,
      `SELECT * FROM tasks WHERE workspace_id = '${id}' AND status = 'open' ORDER BY due_at LIMIT 50`,
      `UPDATE tasks SET status = 'done' WHERE opportunity_id = '${opportunity}'`,
      `SELECT o.name, c.email FROM opportunities AS o JOIN contacts AS c ON (c.workspace_id, c.id) = (o.workspace_id, o.contact_id)
       WHERE o.id = '${opportunity}'`,
    ]) {
      const { rows } = await api.query<{ "QUERY PLAN": string }>(`EXPLAIN ${sql}`);
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      if (plan.includes("Seq Scan")) scans.push(`${sql}\n${plan}`);
    }
    await api.end();
    expect(scans).toEqual([]);
  });
});
