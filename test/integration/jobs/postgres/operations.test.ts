import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runJob } from "../../../rigs/jobs/run-job";
import { StandInPatroniRest } from "../../../rigs/patroni/operations";
import { createAuthority } from "../../../rigs/pki/certificates";
import { BootstrapRun } from "../../../rigs/postgres/bootstrap";
import { sharedPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

describeWith(["openssl"], "operations by Patroni's REST API", () => {
  let patroni: StandInPatroniRest;
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-operations-"));
    const authority = createAuthority("postgres");
    patroni = new StandInPatroniRest(
      authority.issue({ addresses: ["127.0.0.1"], usages: ["server"] }),
      "patroni",
      "rest-passw0rd",
    );
    await patroni.start();
    writeFileSync(join(folder, "ca.crt"), authority.cert);
    environment = {
      PATRONI_URL: patroni.url,
      PATRONI_CACERT: join(folder, "ca.crt"),
      PATRONI_PASSWORD: "rest-passw0rd",
    };
  });

  afterAll(async () => {
    await patroni?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...words: string[]) => runJob(["postgres", ...words], { environment });

  it("shows the members as a table and as JSON", async () => {
    const { stdout } = await run("status");
    expect(stdout).toBe(
      [
        "Member      Address         Role            State      Timeline  Lag in MB  Restart pending",
        "postgres-0  10.42.0.1:5432  leader          running    7",
        "postgres-1  10.42.0.2:5432  quorum standby  streaming  7         0.0",
        "postgres-2  10.42.0.3:5432  replica         starting   7         3.0        yes",
        "",
      ].join("\n"),
    );
    expect(JSON.parse((await run("status", "--json")).stdout).members).toHaveLength(3);
  });

  it("does nothing that cannot be undone unless somebody says yes", async () => {
    expect((await run("switchover")).termination?.error).toContain("say --yes");
    expect((await run("reinit", "postgres-1")).termination?.error).toContain("say --yes");
    expect(patroni.told).toEqual([]);
  });

  it("hands the lead over, and says why where Patroni refuses", async () => {
    expect(await run("switchover", "--to", "postgres-1", "--yes")).toMatchObject({ exitCode: 0 });
    expect(patroni.told.at(-1)).toMatchObject({ content: { leader: "postgres-0", candidate: "postgres-1" } });
    expect((await run("switchover", "--to", "postgres-1", "--yes")).termination?.error).toBe(
      "postgres-1 leads already",
    );
    expect((await run("switchover", "--to", "postgres-2", "--yes")).termination?.error).toContain(
      "no good candidates",
    );
    expect((await run("switchover", "--to", "postgres-9", "--yes")).termination?.error).toContain(
      "postgres-9 is no member",
    );
  });

  it("makes a replica anew, and never the leader", async () => {
    expect(await run("reinit", "postgres-2", "--yes")).toMatchObject({ exitCode: 0 });
    expect(patroni.told.at(-1)).toMatchObject({ path: "/reinitialize", content: { force: true } });
    expect((await run("reinit", "postgres-1", "--yes")).termination?.error).toContain("postgres-1 leads");
  });

  it("names what is wrong with a password, an authority or an address", async () => {
    const failing = async (change: Record<string, string>) =>
      (
        await runJob(["postgres", "reinit", "postgres-2", "--yes"], {
          environment: { ...environment, ...change },
        })
      ).termination?.error;
    expect(await failing({ PATRONI_PASSWORD: "wrong" })).toContain("the user or the password is wrong");
    expect(await failing({ PATRONI_URL: "https://127.0.0.1:1" })).toMatch(
      /Patroni at .* cannot be asked: .*ECONNREFUSED/,
    );
  });

  it("brings Patroni's configuration to what the specification says, once, and restarts who waits for it", async () => {
    patroni.configuration = { ttl: 30, loop_wait: 1 };
    const specification = { databases: [], applications: [], patroni: { ttl: 20, loop_wait: 1 } };
    const job = new BootstrapRun(sharedPostgres());
    const before = patroni.told.length;
    for (let round = 0; round < 2; round++) {
      expect(await job.run(specification, [], environment)).toMatchObject({ exitCode: 0 });
    }
    expect((await job.run(specification)).termination?.error).toContain("PATRONI_URL is required");
    job.clean();
    expect(patroni.told.slice(before)).toEqual([
      { method: "PATCH", path: "/config", content: specification.patroni },
      { method: "POST", path: "/restart", content: { restart_pending: true } },
    ]);
  });

  it("deletes parameters that the specification no longer has, and leaves the rest of the configuration", async () => {
    patroni.configuration = {
      ttl: 20,
      loop_wait: 1,
      pause: false,
      postgresql: { use_slots: true, parameters: { jit: "off", wal_level: "logical" } },
    };
    const parameters = { wal_level: "logical", random_page_cost: 1.1 };
    const specification = { databases: [], applications: [], patroni: { postgresql: { parameters } } };
    const job = new BootstrapRun(sharedPostgres());
    const before = patroni.told.length;
    expect(await job.run(specification, [], environment)).toMatchObject({ exitCode: 0 });
    job.clean();
    expect(patroni.told[before]).toEqual({
      method: "PATCH",
      path: "/config",
      content: { postgresql: { parameters: { ...parameters, jit: null } } },
    });
    expect(patroni.configuration).toEqual({
      ttl: 20,
      loop_wait: 1,
      pause: false,
      postgresql: { use_slots: true, parameters },
    });
  });
});
