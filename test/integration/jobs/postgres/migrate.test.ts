import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runJob } from "../../../rigs/jobs/run-job";
import { createDatabase, sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";

describe("postgres migrate", () => {
  let database: TestDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await createDatabase(sharedPostgres());
    folder = mkdtempSync(join(tmpdir(), "trellis-migrations-"));
    step("1_gauges", "CREATE TABLE gauge (id integer PRIMARY KEY);\n-- Down Migration\nDROP TABLE gauge;");
    step("2_names", "ALTER TABLE gauge ADD name text;\n-- Down Migration\nALTER TABLE gauge DROP name;");
  });

  afterEach(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const step = (id: string, sql: string) => writeFileSync(join(folder, `${id}.sql`), sql);
  const migrate = (...words: string[]) =>
    runJob(["postgres", "migrate", ...words, "--folder", folder], {
      environment: database.environment("MIGRATE"),
    });
  const states = async () =>
    JSON.parse((await migrate("status", "crm", "--json")).stdout).steps.map(
      (each: { state: string }) => each.state,
    );
  const columns = async () =>
    (
      await database.query<{ name: string }>(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'gauge' ORDER BY 1",
      )
    ).map(({ name }) => name);

  it("goes up once, shows how it stands, and takes back the newest step alone", async () => {
    expect(await states()).toEqual(["missing", "missing"]);
    expect(await migrate("up", "crm")).toMatchObject({ exitCode: 0 });
    expect(await migrate("up", "crm")).toMatchObject({ exitCode: 0 });
    expect(await states()).toEqual(["applied", "applied"]);
    expect(await migrate("down", "crm")).toMatchObject({ exitCode: 0 });
    expect(await columns()).toEqual(["id"]);
    expect(await states()).toEqual(["applied", "missing"]);
  });

  it("runs twice at once and does everything once", async () => {
    const runs = await Promise.all([migrate("up", "crm"), migrate("up", "crm")]);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await columns()).toEqual(["id", "name"]);
  });

  it.each([
    [
      "a broken rule",
      "INSERT INTO gauge (id) VALUES (7);\n\n-- again;\nINSERT INTO gauge (id)\n  VALUES (7);",
      4,
      "INSERT INTO gauge (id)\n",
    ],
    ["a typing error", "SELECT 1;\nSELEKT 2;", 2, ""],
    ["a name that is not there", "SELECT ';';\nSELECT\n  absent FROM gauge;", 3, ""],
  ])(
    "rolls everything back after %s, and says which statement of which file it was",
    async (_, sql, line, text) => {
      step("3_wrong", sql);
      const run = await migrate("up", "crm");
      expect(run.exitCode).toBe(1);
      expect(run.termination?.error).toContain(`migration 3_wrong.sql of crm failed at line ${line}`);
      expect(run.termination?.error).toContain(text.split("\n")[0]);
      expect(await columns()).toEqual([]);
      expect(await states()).toEqual(["missing", "missing", "missing"]);
    },
  );

  it("stops at a step that was changed after it had been applied, and at one that it does not know", async () => {
    await migrate("up", "crm");
    step("2_names", "ALTER TABLE gauge ADD title text;");
    expect((await migrate("up", "crm")).termination?.error).toContain("2_names of crm was changed");
    rmSync(join(folder, "2_names.sql"));
    expect((await migrate("up", "crm")).termination?.error).toContain(
      "newer than this program: it has 2_names",
    );
    expect(await states()).toEqual(["applied", "unknown"]);
  });

  it("refuses to take back what has no way back, and takes back nothing", async () => {
    step("3_final", "CREATE TABLE note (id integer)");
    await migrate("up", "crm");
    const run = await migrate("down", "crm", "--steps", "2");
    expect(run.termination?.error).toContain("3_final of crm cannot be taken back");
    expect(await states()).toEqual(["applied", "applied", "applied"]);
  });

  it("begins a new step, named by the moment", async () => {
    expect(await migrate("new", "crm", "add-notes")).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder)).toContainEqual(expect.stringMatching(/^\d{13}_add-notes\.sql$/));
    expect(await migrate("new", "crm")).toMatchObject({ exitCode: 2 });
  });
});
