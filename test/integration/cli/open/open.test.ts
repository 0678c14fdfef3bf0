import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { holdFolder } from "../../../../cli/start/lock";
import { Guardian, type LocalPostgres, openPostgres, serverIdentity } from "../../../../cli/start/services";
import { announce, withdraw } from "../../../../cli/start/serving";
import { smallCheckout } from "../../../rigs/cli/small-checkout";
import { trellis } from "../../../rigs/cli/trellis";
import { describeWith } from "../../../rigs/programs";

const PASSWORD = "the password of a local run";
const REPORT = "http://127.0.0.1:1/";
const RAIN = "http://127.0.0.1:2/docs";

describeWith(["psql"], "the commands that reach a running stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-open-"));
  const local = join(folder, ".local");
  const identity = serverIdentity();
  const guardian = new Guardian();
  let postgres: LocalPostgres;
  let release: () => void;

  beforeAll(async () => {
    smallCheckout(folder);
    postgres = await openPostgres({ folder: local, password: PASSWORD, identity, guardian });
    release = await holdFolder(local);
  });
  afterAll(async () => {
    release();
    await postgres.stop();
    guardian.close();
    await run("clean", "--yes");
    rmSync(folder, { recursive: true });
  });

  const run = (...words: string[]) => trellis(words, { program: join(folder, "cli/trellis.mjs") });
  const login = () => ({
    port: postgres.port,
    user: "postgres",
    password: PASSWORD,
    version: postgres.version,
  });
  const serve = () => {
    announce({ postgres: login(), report: REPORT, rain: RAIN }, identity.authority, { folder: local });
  };

  it("say how to start one where none runs, and open the last report", async () => {
    for (const words of [["psql"], ["open", "rain"]]) {
      const { code, stderr } = await run(...words);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("start --serve\n") });
    }
    expect((await run("open", "report")).stderr).toContain("there is no report yet");
    const report = join(folder, "out/dev/report.html");
    mkdirSync(dirname(report), { recursive: true });
    writeFileSync(report, "");
    expect((await run("open", "report")).stdout).toBe(`${pathToFileURL(report).href}\n`);
    expect((await run("open", "moon")).code).toBe(2);
  });

  it("open its pages and its databases, and verify the server", async () => {
    serve();
    expect((await run("open", "rain")).stdout).toBe(`${RAIN}\n`);
    expect((await run("open", "report")).stdout).toBe(`${REPORT}\n`);
    expect((await run("open", "datasurface")).stdout).toBe(`${REPORT}#datasurface\n`);

    const sql = "SELECT current_database() || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    const asked = await run("psql", "template1", "-XAtc", sql);
    expect(asked).toEqual({ code: 0, stdout: "template1 true\n", stderr: "" });
    const { stdout: address } = await run("psql", "template1", "--print");
    expect(decodeURIComponent(address)).toContain(
      `postgres:${PASSWORD}@127.0.0.1:${postgres.port}/template1?`,
    );

    announce({ postgres: login() }, serverIdentity().authority, {
      folder: local,
    });
    const deceived = await run("psql", "-c", "SELECT 1");
    expect(deceived.code).toBe(2);
    expect(deceived.stderr).toContain("SSL error");
  });

  it("print the connection string, and why, without psql", async () => {
    serve();
    const { code, stdout, stderr } = await trellis(["psql", "rain"], {
      program: join(folder, "cli/trellis.mjs"),
      environment: { PATH: "/nowhere" },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^postgres:\/\/postgres:.*\/rain\?sslmode=verify-ca&sslrootcert=/);
    expect(stderr).toContain("psql cannot run (spawnSync psql ENOENT)");
    withdraw({ folder: local });
  });
});
