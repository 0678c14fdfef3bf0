import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BootstrapRun } from "../../../rigs/postgres/bootstrap";
import { PASSWORD, type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { eventually } from "../../../rigs/waiting";

const OLD = "the-0ld-passw0rd-of-the-app";
const NEW = "the-n3w-passw0rd-of-the-app";

const application = (name: string, access: string, epochs: readonly number[], database = "crm") => ({
  name,
  database,
  access,
  logins: epochs.map((epoch) => ({ epoch, passwordFile: `app-${epoch}` })),
});

const crm = (...epochs: number[]) => ({
  databases: [
    { name: "crm", extensions: ["plpgsql"], connectionLimit: 40, timeouts: { lockSeconds: 7 } },
    { name: "rain" },
  ],
  applications: [
    { ...application("crm_api", "write", epochs), connectionLimit: 3, timeouts: { statementSeconds: 9 } },
    application("crm_report", "read", epochs),
    application("crm_schema", "migrate", epochs),
  ],
  backup: { logins: epochs.map((epoch) => ({ epoch, passwordFile: `app-${epoch}` })) },
});

describe("the bootstrap of databases and roles", () => {
  let server: PostgresServer;
  let job: BootstrapRun;
  const admin = (sql: string, database = "postgres") => job.as("postgres", PASSWORD, database, sql);

  beforeAll(async () => {
    // The most talkative log that an administrator could ask for.
    server = await startPostgres({
      settings: { log_statement: "all", log_min_messages: "debug1", max_connections: "60" },
    });
    job = new BootstrapRun(server);
    job.password("app-1", OLD);
    job.password("app-2", `${NEW}\n`);
    job.password("app-3", "the-third-password-0f-all");
  });

  afterAll(async () => {
    job?.clean();
    await server?.stop();
  });

  /** All that a run could change, as the server's own catalogs have it. */
  const catalog = async () =>
    JSON.stringify([
      await admin(`SELECT rolname, rolsuper, rolcreatedb, rolcanlogin, rolconnlimit, rolpassword FROM pg_authid
        WHERE rolname !~ '^pg_' ORDER BY 1`),
      await admin(
        "SELECT roleid::regrole::text, member::regrole::text, inherit_option, set_option FROM pg_auth_members ORDER BY 1, 2",
      ),
      await admin(
        "SELECT datname, datdba::regrole::text, datacl::text, datconnlimit FROM pg_database ORDER BY 1",
      ),
      await admin(
        "SELECT setdatabase, setrole::regrole::text, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
      ),
      await admin(
        "SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace ORDER BY 1",
        "crm",
      ),
      await admin(
        "SELECT defaclrole::regrole::text, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2",
        "crm",
      ),
    ]);

  it("makes all of it, and changes nothing when it runs again, or twice at once", async () => {
    expect(await job.run(crm(1))).toMatchObject({ exitCode: 0, termination: { code: 0 } });
    const first = await catalog();
    const runs = await Promise.all([job.run(crm(1)), job.run(crm(1))]);
    expect(runs.map(({ exitCode, stderr }) => exitCode || stderr.match(/"level":"error".*/)?.[0])).toEqual([
      undefined,
      undefined,
    ]);
    expect(await catalog()).toBe(first);
  });

  it("lets each application do its own, and nothing more", async () => {
    const write = (sql: string) => job.as("crm_api_1", OLD, "crm", sql);
    const read = (sql: string) => job.as("crm_report_1", OLD, "crm", sql);
    const migrate = (sql: string) => job.as("crm_schema_1", OLD, "crm", sql);
    const denied = { code: "42501" };

    await migrate("CREATE TABLE customer (id bigserial PRIMARY KEY, name text)");
    await migrate("CREATE SCHEMA sales; CREATE TABLE sales.lead (id integer)");
    expect(
      await admin("SELECT tableowner FROM pg_tables WHERE tablename IN ('customer', 'lead')", "crm"),
    ).toEqual([{ tableowner: "crm_owner" }, { tableowner: "crm_owner" }]);
    await write("INSERT INTO customer (name) VALUES ('Ada'); INSERT INTO sales.lead VALUES (1)");
    expect(await read("SELECT name FROM customer")).toEqual([{ name: "Ada" }]);
    for (const sql of [
      "INSERT INTO customer (name) VALUES ('x')",
      "DELETE FROM sales.lead",
      "SELECT nextval('customer_id_seq')",
      "CREATE TEMP TABLE x (id integer)",
    ]) {
      await expect(read(sql), sql).rejects.toMatchObject(denied);
    }
    for (const sql of [
      "CREATE TABLE mine (id integer)",
      "DROP TABLE customer",
      "TRUNCATE customer",
      "SET ROLE crm_owner",
      "CREATE DATABASE mine",
      "CREATE ROLE mine",
    ]) {
      await expect(write(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/42501/) });
    }
    for (const sql of ["CREATE DATABASE mine", "CREATE ROLE mine", "ALTER SYSTEM SET work_mem = '1GB'"]) {
      await expect(migrate(sql), sql).rejects.toMatchObject(denied);
    }
    await expect(job.as("crm_api_1", OLD, "rain", "SELECT 1")).rejects.toMatchObject(denied);
    expect(
      await write("SELECT current_setting('statement_timeout') AS s, current_setting('lock_timeout') AS l"),
    ).toEqual([{ s: "9s", l: "7s" }]);
  });

  it("keeps sessions of an application below its limit", async () => {
    const sessions = [];
    for (let count = 0; count < 3; count++) sessions.push(await job.session("crm_api_1", OLD, "crm"));
    await expect(job.session("crm_api_1", OLD, "crm")).rejects.toMatchObject({ code: "53300" });
    await Promise.all(sessions.map((session) => session.end()));
  });

  it("lets the old and the new password work until the old is retired, and not while it is in use", async () => {
    expect(await job.run(crm(1, 2))).toMatchObject({ exitCode: 0 });
    const old = await job.session("crm_api_1", OLD, "crm");
    expect(await job.as("crm_api_2", NEW, "crm", "SELECT name FROM customer")).toEqual([{ name: "Ada" }]);
    await expect(job.as("crm_api_2", OLD, "crm", "SELECT 1")).rejects.toMatchObject({ code: "28P01" });

    expect(await job.run(crm(1, 2), ["--retire"])).toMatchObject({ exitCode: 0 });
    expect((await old.query("SELECT name FROM customer")).rows).toEqual([{ name: "Ada" }]);

    const inUse = await job.run(crm(2, 3), ["--retire"]);
    expect(inUse).toMatchObject({
      exitCode: 1,
      termination: { error: expect.stringContaining("crm_api_1 (1 sessions)") },
    });
    await old.end();
    expect(await job.run(crm(2, 3), ["--retire"])).toMatchObject({ exitCode: 0 });
    await expect(job.session("crm_api_1", OLD, "crm")).rejects.toMatchObject({ code: "28P01" });
    await job.as("crm_api_2", NEW, "crm", "SELECT 1");
  });

  it("rotates logins while an application works, and none of its statements fails", async () => {
    const logins = [
      { user: "crm_api_2", password: NEW },
      { user: "crm_api_3", password: "the-third-password-0f-all" },
    ] as const;
    let login: (typeof logins)[number] = logins[0];
    let working = true;
    const failures: unknown[] = [];
    const done = new Map<string, number>();
    // As a pool does that opens a session for each unit of work.
    const work = (async () => {
      while (working) {
        const { user, password } = login;
        try {
          await job.as(user, password, "crm", "INSERT INTO customer (name) VALUES ('load')");
          done.set(user, (done.get(user) ?? 0) + 1);
        } catch (error) {
          failures.push(error);
        }
      }
    })();
    const someMore = async () => {
      const before = done.get(login.user) ?? 0;
      await eventually("the application worked on", 30_000, () => (done.get(login.user) ?? 0) >= before + 20);
    };
    await someMore();
    expect(await job.run(crm(2, 3), ["--retire"])).toMatchObject({ exitCode: 0 });
    await someMore(); // its pods have not restarted yet
    login = logins[1];
    await someMore();
    job.password("app-4", "the-fourth-passw0rd-of-all");
    await eventually("the former login has no session", 30_000, async () => {
      const sessions = await admin("SELECT FROM pg_stat_activity WHERE usename = 'crm_api_2'");
      return sessions.length === 0;
    });
    expect(await job.run(crm(3, 4), ["--retire"])).toMatchObject({ exitCode: 0 });
    await someMore();
    working = false;
    await work;
    expect(failures).toEqual([]);
    const rows = await admin("SELECT count(*)::int FROM customer WHERE name = 'load'", "crm");
    expect(rows).toEqual([{ count: [...done.values()].reduce((sum, each) => sum + each, 0) }]);
    await expect(job.session("crm_api_2", NEW, "crm")).rejects.toMatchObject({ code: "28P01" });
  });

  it("completes what a run left half-finished, and takes back rights that the specification no longer gives", async () => {
    await admin('CREATE ROLE "half_owner"');
    await admin('CREATE DATABASE "half"');
    await admin("CREATE TABLE stray (id integer)", "half");
    await admin('CREATE ROLE "half_app_1" CREATEDB');
    const half = (access: string) => ({
      databases: [{ name: "half" }],
      applications: [application("half_app", access, [1], "half")],
    });
    expect(await job.run(half("migrate"))).toMatchObject({ exitCode: 0 });
    await job.as("half_app_1", OLD, "half", "CREATE TABLE mine (id integer)");
    expect(await job.run(half("read"))).toMatchObject({ exitCode: 0 });
    await expect(job.as("half_app_1", OLD, "half", "CREATE TABLE more (id integer)")).rejects.toMatchObject({
      code: "42501",
    });
    await expect(job.as("half_app_1", OLD, "half", "CREATE DATABASE more")).rejects.toMatchObject({
      code: "42501",
    });
    expect(await job.as("half_app_1", OLD, "half", "SELECT * FROM mine")).toEqual([]);
  });

  it("works with databases and applications of hostile names", async () => {
    const names = [
      "O\"Brien's; DROP ROLE x; --",
      "Ünï-cødé 数据库 🌧",
      "MiXed Case",
      "a".repeat(55),
      "back\\slash $$ %I",
    ];
    const hostile = {
      databases: names.map((name) => ({ name })),
      applications: names.map((name) => application(name, "migrate", [1], name)),
    };
    expect(await job.run(hostile)).toMatchObject({ exitCode: 0 });
    expect(await job.run(hostile)).toMatchObject({ exitCode: 0 });
    for (const name of names) await job.as(`${name}_1`, OLD, name, "CREATE TABLE mine (id integer)");
  });

  it("never shows a password, nor its verifier, in a log of its own or of the server", async () => {
    const run = await job.run(crm(2, 3), [], { LOG_LEVEL: "debug" });
    const [place] = await admin("SHOW data_directory");
    const log = readFileSync(join(String(place?.data_directory), "../log"), "utf8");
    expect(log).toContain("CREATE TABLE customer"); // the log does hold statements
    for (const secret of [OLD, NEW, "SCRAM-SHA-256$"]) {
      expect(run.stdout + run.stderr).not.toContain(secret);
      expect(log).not.toContain(secret);
    }
  });

  it("names the file of a password that is missing or no password, and changes nothing", async () => {
    const before = await catalog();
    job.password("app-7", "short");
    const run = await job.run(crm(7));
    expect(run.exitCode).toBe(1);
    expect(run.termination?.error).toMatch(/app-7: not a password/);
    expect(run.stderr).not.toContain('short"');
    expect((await job.run(crm(8))).termination?.error).toMatch(/app-8: the password cannot be read/);
    expect(await catalog()).toBe(before);
  });
});
