import { randomUUID } from "node:crypto";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CrmDatabase } from "../../../rigs/crm/crm-database";
import { seeded } from "../../../rigs/seeded";

type Role = "owner" | "member" | "viewer";
const ROLES: readonly (Role | undefined)[] = ["owner", "member", "viewer", undefined, undefined];

interface Row {
  readonly id: string;
  readonly table: string;
  workspace: string;
  deleted: boolean;
}

/** A row of each table that needs no other row. */
const TABLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  accounts: { name: "a" },
  contacts: { first_name: "c" },
  pipelines: { stages: ["new"] },
  opportunities: { name: "o" },
  interactions: { kind: "call" },
  notes: { body: "n" },
  tasks: { title: "t" },
  documents: { name: "d", bucket: "crm-documents" },
  campaigns: { name: "c" },
};

/** The column that an update sets. */
const CHANGED: Readonly<Record<string, string>> = {
  contacts: "last_name",
  pipelines: "name",
  interactions: "subject",
  notes: "body",
  tasks: "title",
  documents: "media_type",
};

const uniquely = (table: string, id: string): Readonly<Record<string, unknown>> =>
  table === "pipelines" ? { name: id } : table === "documents" ? { path: id } : {};

describe("row security of the CRM", () => {
  let crm: CrmDatabase;
  /** The session of PostgREST, which takes the role and the claims of each request. */
  let api: pg.Client;
  const users = Array.from({ length: 6 }, () => randomUUID());
  const workspaces = Array.from({ length: 4 }, () => randomUUID());
  const roles = new Map<string, Role | undefined>();
  const roleOf = (user: string, workspace: string) => roles.get(`${user} ${workspace}`);
  const rows: Row[] = [];

  /** One request, as PostgREST makes it. */
  async function request(
    role: string,
    claims: object | undefined,
    sql: string,
    values: unknown[] = [],
  ): Promise<pg.QueryResult> {
    await api.query("BEGIN");
    try {
      await api.query("SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
        role,
        claims ? JSON.stringify(claims) : "",
      ]);
      const result = await api.query(sql, values);
      await api.query("COMMIT");
      return result;
    } catch (error) {
      await api.query("ROLLBACK");
      throw error;
    }
  }

  const byUser = (user: string, sql: string, values: unknown[] = []) =>
    request("authenticated", { sub: user, role: "authenticated", email: `${user}@example.com` }, sql, values);
  const byService = (sql: string, values: unknown[] = []) =>
    request("service_role", { role: "service_role" }, sql, values);

  const insertion = (table: string, workspace: string, id: string): [string, unknown[]] => {
    const row = { id, workspace_id: workspace, ...TABLES[table], ...uniquely(table, id) };
    const places = Object.keys(row).map((_, index) => `$${index + 1}`);
    return [
      `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${places.join(", ")})`,
      Object.values(row),
    ];
  };

  beforeAll(async () => {
    crm = await CrmDatabase.start();
    api = await crm.session("authenticator_1");
    for (const user of users)
      await byService("INSERT INTO users (id, email) VALUES ($1, $2)", [user, `${user}@example.com`]);
    const random = seeded(7);
    const next = (below: number) => Math.floor(random() * below);
    for (const workspace of workspaces) {
      await byService("INSERT INTO workspaces (id, name) VALUES ($1, 'w')", [workspace]);
      for (const user of users) {
        const role = ROLES[next(ROLES.length)];
        roles.set(`${user} ${workspace}`, role);
        if (!role) continue;
        await byService("INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)", [
          workspace,
          user,
          role,
        ]);
      }
      for (const table of Object.keys(TABLES)) {
        for (let count = 0; count < 2; count++) {
          const id = randomUUID();
          await byService(...insertion(table, workspace, id));
          rows.push({ id, table, workspace, deleted: false });
        }
      }
    }
  });

  afterAll(async () => {
    await api?.end();
    await crm?.stop();
  });

  it("allows each user what an oracle allows, over random requests to all tables", async () => {
    const random = seeded(2_026);
    const next = (below: number) => Math.floor(random() * below);
    const one = <Each>(of: readonly Each[]): Each => of[next(of.length)] as Each; // safe: none is empty
    const done = { read: 0, inserted: 0, updated: 0, deleted: 0, refused: 0 };
    for (let turn = 0; turn < 1_500; turn++) {
      const user = one(users);
      const table = one(Object.keys(TABLES));
      const workspace = one(workspaces);
      const role = roleOf(user, workspace);
      const writes = role === "owner" || role === "member";
      const what = `turn ${turn}: ${role ?? "stranger"} on ${table}`;
      const own = rows.filter((row) => row.table === table);
      const row = one(own);
      const seen = roleOf(user, row.workspace) !== undefined && !row.deleted;
      const changes = seen && roleOf(user, row.workspace) !== "viewer";
      switch (next(5)) {
        case 0: {
          const { rows: read } = await byUser(user, `SELECT id FROM ${table}`);
          const expected = own.filter((each) => !each.deleted && roleOf(user, each.workspace));
          expect(read.map(({ id }) => id).sort(), what).toEqual(expected.map(({ id }) => id).sort());
          done.read++;
          break;
        }
        case 1: {
          const id = randomUUID();
          const inserted = byUser(user, ...insertion(table, workspace, id));
          if (writes) {
            await inserted;
            rows.push({ id, table, workspace, deleted: false });
            done.inserted++;
          } else {
            await expect(inserted, what).rejects.toMatchObject({ code: "42501" });
            done.refused++;
          }
          break;
        }
        case 2: {
          const column = CHANGED[table] ?? "name";
          const { rowCount } = await byUser(user, `UPDATE ${table} SET ${column} = $2 WHERE id = $1`, [
            row.id,
            `changed ${turn}`,
          ]);
          expect(rowCount, what).toBe(changes ? 1 : 0);
          done.updated += rowCount ?? 0;
          break;
        }
        case 3: {
          if (next(4) > 0) break; // otherwise few rows would be left to try the others on
          await byUser(user, `DELETE FROM ${table} WHERE id = $1`, [row.id]);
          const { rows: there } = await byService(`SELECT deleted_at FROM ${table} WHERE id = $1`, [row.id]);
          if (changes) row.deleted = true;
          expect(there.length, what).toBe(1);
          expect(there[0]?.deleted_at !== null, what).toBe(row.deleted);
          done.deleted += changes ? 1 : 0;
          break;
        }
        default: {
          const moved = byUser(user, `UPDATE ${table} SET workspace_id = $2 WHERE id = $1`, [
            row.id,
            workspace,
          ]);
          if (!changes || workspace === row.workspace) await moved;
          else
            await expect(moved, what).rejects.toMatchObject({ code: expect.stringMatching(/42501|23000/) });
          done.refused++;
        }
      }
    }
    expect(Math.min(...Object.values(done))).toBeGreaterThan(20);
    for (const table of Object.keys(TABLES)) {
      const { rows: there } = await byService(`SELECT id, workspace_id, deleted_at FROM ${table}`);
      const found = there.map(
        ({ id, workspace_id, deleted_at }) => `${id} ${workspace_id} ${deleted_at !== null}`,
      );
      const known = rows.filter((row) => row.table === table);
      expect(found.sort()).toEqual(known.map((row) => `${row.id} ${row.workspace} ${row.deleted}`).sort());
    }
  });

  it("gives nothing to a request without a token, and nothing to a token of an unknown user", async () => {
    const { rows: tables } = await byService(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    for (const { name } of tables) {
      for (const sql of [
        `SELECT FROM ${name}`,
        `INSERT INTO ${name} DEFAULT VALUES`,
        `DELETE FROM ${name}`,
      ]) {
        await expect(request("anon", undefined, sql), sql).rejects.toMatchObject({ code: "42501" });
      }
      if (["trellis_migrations", "ringcentral_tokens", "insurance_types"].includes(name)) continue;
      expect((await byUser(randomUUID(), `SELECT FROM ${name}`)).rowCount, name).toBe(0);
    }
    await expect(request("authenticated", undefined, "SELECT create_workspace('x')")).rejects.toMatchObject({
      code: "42501",
    });
    await expect(byUser(users[0] ?? "", "SELECT FROM ringcentral_tokens")).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("keeps a row's references in its workspace", async () => {
    const [here, there] = workspaces as [string, string]; // safe: there are four
    const foreign = rows.find((row) => row.table === "contacts" && row.workspace === there)?.id;
    const crossing = byService("INSERT INTO tasks (workspace_id, contact_id, title) VALUES ($1, $2, 't')", [
      here,
      foreign,
    ]);
    await expect(crossing).rejects.toMatchObject({ code: "23503" });
    await expect(
      byService("UPDATE contacts SET workspace_id = $2 WHERE id = $1", [foreign, here]),
    ).rejects.toMatchObject({ code: "23000" });
  });

  it("stamps rows itself, marks deleted ones, and only a service removes or restores them", async () => {
    const user = randomUUID();
    const made = await byUser(user, "SELECT (create_workspace('mine')).id AS id");
    const workspace = made.rows[0]?.id;
    const forged = await byUser(
      user,
      "INSERT INTO contacts (workspace_id, first_name, created_at, updated_at) VALUES ($1, 'x', '1999-01-01', '1999-01-01') RETURNING id, created_at > now() - interval '1 hour' AND updated_at = created_at AS fresh",
      [workspace],
    );
    const { id } = forged.rows[0];
    expect(forged.rows[0]?.fresh).toBe(true);
    await expect(
      byUser(user, "UPDATE contacts SET deleted_at = now() WHERE id = $1", [id]),
    ).rejects.toMatchObject({ code: "42501" });
    await byUser(user, "DELETE FROM contacts WHERE id = $1", [id]);
    await byUser(user, "DELETE FROM contacts WHERE id = $1", [id]);
    expect((await byService("SELECT FROM contacts WHERE id = $1", [id])).rowCount).toBe(1);
    await byService("UPDATE contacts SET deleted_at = NULL WHERE id = $1", [id]);
    expect((await byUser(user, "SELECT FROM contacts WHERE id = $1", [id])).rowCount).toBe(1);
    await byService("DELETE FROM contacts WHERE id = $1", [id]);
    await byService("DELETE FROM contacts WHERE id = $1", [id]);
    expect((await byService("SELECT FROM contacts WHERE id = $1", [id])).rowCount).toBe(0);
    // A deleted workspace is gone for its members, with all rows.
    await byUser(user, "DELETE FROM workspaces WHERE id = $1", [workspace]);
    expect((await byUser(user, "SELECT FROM workspaces")).rowCount).toBe(0);
  });

  it("lets owners alone manage members, and nobody admit himself", async () => {
    const [owner, friend, stranger] = [randomUUID(), randomUUID(), randomUUID()];
    const { rows: made } = await byUser(owner, "SELECT (create_workspace('mine')).id AS id");
    for (const user of [friend, stranger])
      await byUser(user, "INSERT INTO users (id, email) VALUES ($1, $2)", [user, `${user}@example.com`]);
    const admit = "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'member')";
    await byUser(owner, admit, [made[0]?.id, friend]);
    for (const user of [friend, stranger]) {
      await expect(byUser(user, admit, [made[0]?.id, stranger])).rejects.toMatchObject({ code: "42501" });
      const promoted = await byUser(user, "UPDATE workspace_members SET role = 'owner'");
      expect(promoted.rowCount).toBe(0);
    }
    expect((await byUser(friend, "SELECT FROM users")).rowCount).toBe(2);
    expect((await byUser(stranger, "SELECT FROM users")).rowCount).toBe(1);
    await expect(
      byUser(stranger, "INSERT INTO users (id, email) VALUES ($1, 'x@example.com')", [randomUUID()]),
    ).rejects.toMatchObject({ code: "42501" });
  });

  it("binds the owner, the writers and the readers of the database as well", async () => {
    for (const login of ["crm_migrator_1", "crm_writer_1", "crm_reader_1"]) {
      expect(await crm.as(login, "SELECT FROM contacts"), login).toEqual([]);
    }
    expect(await crm.as("crm_migrator_1", "UPDATE contacts SET last_name = 'x' RETURNING id")).toEqual([]);
    await expect(
      crm.as("crm_writer_1", "SELECT set_config('role', 'service_role', false)"),
    ).rejects.toThrow();
    expect((await crm.as("crm_api_1", "SELECT FROM contacts")).length).toBeGreaterThan(0);
  });

  it("lets agents read leads and propose, change no lead, and keep to a task's workspace", async () => {
    const agent = (sql: string) => crm.as("crm_agents_1", sql);
    const [here] = workspaces;
    expect((await agent("SELECT FROM opportunities")).length).toBeGreaterThan(0);
    for (const sql of [
      "UPDATE opportunities SET notes = 'x'",
      "UPDATE contacts SET email = 'x@example.com'",
      "DELETE FROM tasks",
      "SELECT FROM ringcentral_tokens",
      "SELECT FROM users",
      "UPDATE workspace_members SET role = 'owner'",
      "SET ROLE service_role",
    ]) {
      await expect(agent(sql), sql).rejects.toMatchObject({ code: "42501" });
    }
    expect(await agent("UPDATE tasks SET status = 'done' RETURNING id")).toEqual([]);
    const held = `SET crm.workspace_id = '${here}'`;
    const seen = await agent(`${held}; SELECT DISTINCT workspace_id FROM contacts`).catch((error) => error);
    expect(seen).not.toBeInstanceOf(Error);
    await expect(
      agent(`${held}; INSERT INTO tasks (workspace_id, title) VALUES ('${workspaces[1]}', 't')`),
    ).rejects.toMatchObject({ code: "42501" });
    await agent(
      `INSERT INTO tasks (workspace_id, title, created_by) VALUES ('${here}', 't', 'agent:follow-up')`,
    );
    expect(await agent("UPDATE tasks SET status = 'done' RETURNING created_by")).toEqual([
      { created_by: "agent:follow-up" },
    ]);
    await agent("CREATE SCHEMA agents; CREATE TABLE agents.audit (id integer)");
    const [schema] = await crm.admin(
      "SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'agents'",
    );
    expect(schema).toEqual({ owner: "crm_agents" });
  });
});
