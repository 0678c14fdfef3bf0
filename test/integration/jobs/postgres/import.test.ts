import { dirname } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { fingerprint, query, SAMPLE } from "../../../rigs/backup/sample-database";
import { runJob } from "../../../rigs/jobs/run-job";
import { PASSWORD, type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith, program } from "../../../rigs/programs";

/** Objects of every kind that a role can own or be granted. */
const OWNED = `
  CREATE ROLE app LOGIN; CREATE ROLE reader NOLOGIN;
  ALTER DATABASE shop OWNER TO app; ALTER TABLE parent OWNER TO app; ALTER SCHEMA crm OWNER TO app;
  ALTER TABLE crm.visits OWNER TO app;
  GRANT USAGE ON SCHEMA crm TO reader; GRANT SELECT ON parent TO reader WITH GRANT OPTION;
  GRANT SELECT (note), UPDATE (note) ON child TO reader;
  CREATE FUNCTION secret() RETURNS integer LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION secret FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION secret TO reader;
  ALTER TABLE parent ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON parent FOR SELECT TO reader USING (id < 2);
  ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA crm GRANT SELECT ON TABLES TO reader;
  CREATE SEQUENCE counter; SELECT setval('counter', 41); GRANT USAGE ON SEQUENCE counter TO reader`;

const ROLES = "app=crm_owner,reader=crm_reader";

describeWith(["initdb", "pg_dump", "pg_restore"], "the import of a database", () => {
  let source: PostgresServer;
  let here: PostgresServer;

  beforeAll(async () => {
    [source, here] = await Promise.all([
      startPostgres({ release: "debian" }),
      startPostgres({ release: "debian" }),
    ]);
    for (const server of [source, here])
      await query(server, "postgres", "CREATE ROLE backup_reader; CREATE ROLE backup_owner");
    await query(source, "postgres", "CREATE DATABASE shop");
    await query(source, "shop", SAMPLE);
    await query(source, "shop", OWNED);
    await query(here, "postgres", "CREATE ROLE crm_owner NOLOGIN; CREATE ROLE crm_reader NOLOGIN");
  });
  beforeEach(async () => {
    for (const name of ["shop", "shop_before_import", "shop_import_undone"])
      await query(here, "postgres", `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  afterAll(async () => {
    await Promise.all([source?.stop(), here?.stop()]);
  });

  const importing = (...words: string[]) =>
    runJob(["postgres", "import", "--from", `postgres://postgres@127.0.0.1:${source.port}/shop`, ...words], {
      environment: {
        IMPORT_FROM_PASSWORD: PASSWORD,
        IMPORT_BIN_DIR: dirname(program("pg_dump")),
        POSTGRES_HOST: "127.0.0.1",
        POSTGRES_PORT: String(here.port),
        POSTGRES_PASSWORD: PASSWORD,
      },
    });

  const databases = async () =>
    (
      await query<{ datname: string }>(
        here,
        "postgres",
        "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1",
      )
    ).map(({ datname }) => datname);

  /** Everything but owners and privileges, which differ. */
  const contentOf = async (server: PostgresServer) =>
    (await fingerprint(server, "shop")).filter((line) => !/^(rights|database):/.test(line));

  const roles = () => query(here, "postgres", "SELECT FROM pg_roles WHERE rolname IN ('app', 'reader')");

  it("names everything that is missing at once, and a dry run changes nothing", async () => {
    const refused = await importing();
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/role app does not exist here.*role reader does not exist here/s);
    const dry = await importing("--roles", ROLES, "--dry-run");
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout + dry.stderr).toMatch(/table public.parent: 1 rows, digest/);
    expect(await databases()).toEqual([]);
    expect(await roles()).toEqual([]);
  });

  it("brings every row, gives what roles owned and might do to those that replace them, and can be undone", async () => {
    await query(here, "postgres", "CREATE DATABASE shop");
    await query(here, "shop", "CREATE TABLE former (n integer)");
    expect((await importing("--roles", ROLES)).stderr).toMatch(/is not empty .*--force/s);
    expect(await importing("--roles", ROLES, "--force")).toMatchObject({ exitCode: 0 });
    expect(await contentOf(here)).toEqual(await contentOf(source));
    expect(await roles()).toEqual([]);
    const [rights] = await query(
      here,
      "shop",
      `SELECT has_table_privilege('crm_reader', 'parent', 'SELECT WITH GRANT OPTION') AS granted,
         has_column_privilege('crm_reader', 'child', 'note', 'UPDATE') AS column,
         has_schema_privilege('crm_reader', 'crm', 'USAGE') AS schema,
         has_function_privilege('crm_reader', 'secret()', 'EXECUTE') AS function,
         has_sequence_privilege('crm_reader', 'counter', 'USAGE') AS sequence,
         (SELECT relowner::regrole::text FROM pg_class WHERE oid = 'crm.visits'::regclass) AS owner,
         (SELECT roles::text FROM pg_policies WHERE policyname = 'few') AS policy,
         (SELECT defaclrole::regrole || ' ' || defaclacl::text FROM pg_default_acl) AS later`,
    );
    expect(rights).toEqual({
      granted: true,
      column: true,
      schema: true,
      function: true,
      sequence: true,
      owner: "crm_owner",
      policy: "{crm_reader}",
      later: "crm_owner {crm_reader=r/crm_owner}",
    });
    expect(await databases()).toEqual(["shop", "shop_before_import"]);
    expect(await importing("--undo")).toMatchObject({ exitCode: 0 });
    expect(await databases()).toEqual(["shop", "shop_import_undone"]);
    expect(await query(here, "shop", "SELECT FROM former")).toEqual([]);
  });

  it("swaps nothing when the source is written to meanwhile", async () => {
    await query(source, "shop", "CREATE TABLE moving (n integer); INSERT INTO moving VALUES (1)");
    let done = false;
    const writing = (async () => {
      while (!done) await query(source, "shop", "INSERT INTO moving VALUES (2)");
    })();
    const run = await importing("--roles", ROLES);
    done = true;
    await writing;
    await query(source, "shop", "DROP TABLE moving");
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/the source was written to during the import.*table public.moving/s);
    expect(await databases()).toEqual([]);
    expect(await roles()).toEqual([]);
  });
});
