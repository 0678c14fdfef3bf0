import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Busy, ReadingSessions } from "../../../../jobs/rain/http";
import type { DatabaseAddress } from "../../../../jobs/shared";
import { runJob } from "../../../rigs/jobs/run-job";
import { BootstrapRun } from "../../../rigs/postgres/bootstrap";
import { freePort, type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { runRain } from "../../../rigs/rain/record";

const PASSWORDS = { read: "the-reader-of-the-record", migrate: "the-owner-of-the-record" } as const;

const application = (access: keyof typeof PASSWORDS) => ({
  name: `rain_${access}`,
  database: "rain",
  access,
  logins: [{ epoch: 1, passwordFile: access }],
});

describe("the rain API's login", () => {
  let server: PostgresServer;
  let bootstrap: BootstrapRun;
  const url = (access: keyof typeof PASSWORDS) =>
    `postgres://rain_${access}_1:${PASSWORDS[access]}@127.0.0.1:${server.port}/rain?sslmode=disable`;
  const address = (): DatabaseAddress => ({
    host: "127.0.0.1",
    port: server.port,
    database: "rain",
    user: "rain_read_1",
    password: PASSWORDS.read,
    sslmode: "disable",
    certificateAuthority: undefined,
  });

  beforeAll(async () => {
    server = await startPostgres();
    bootstrap = new BootstrapRun(server);
    for (const [access, password] of Object.entries(PASSWORDS)) bootstrap.password(access, password);
    const specification = {
      databases: [{ name: "rain" }],
      applications: [application("read"), application("migrate")],
      backup: { logins: [{ epoch: 1, passwordFile: "migrate" }] },
    };
    expect(await bootstrap.run(specification)).toMatchObject({ exitCode: 0 });
    const migration = await runJob(["postgres", "migrate", "up", "rain"], {
      environment: { MIGRATE_URL: url("migrate") },
    });
    expect(migration).toMatchObject({ exitCode: 0 });
  });

  afterAll(async () => {
    bootstrap?.clean();
    await server?.stop();
  });

  it("is enough to answer requests and Prometheus", async () => {
    for (const [verb, path] of [
      ["serve-api", "/api/v1/ready"],
      ["serve-metrics", "/metrics"],
    ] as const) {
      const port = await freePort();
      const stop = new AbortController();
      const environment = { RAIN_DATABASE_URL: url("read"), RAIN_HOST: "127.0.0.1", RAIN_PORT: String(port) };
      const served = runRain([verb], environment, stop.signal);
      await vi.waitFor(
        async () => expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200),
        { timeout: 20_000 },
      );
      stop.abort();
      expect((await served).error).toBeUndefined();
    }
  });

  it("cannot write, not even in a session that was told that it may", async () => {
    const sessions = new ReadingSessions({
      address: address(),
      sessions: 1,
      waiting: 1,
      statementSeconds: 5,
    });
    const attack = (sql: string) =>
      sessions.use(async (session) => {
        await session.query("SET default_transaction_read_only = off");
        await session.query(sql);
      });
    const [table] = await bootstrap.as(
      "postgres",
      "postgres",
      "rain",
      "SELECT tableowner FROM pg_tables WHERE tablename = 'reading'",
    );
    try {
      for (const sql of [
        "DELETE FROM reading",
        "INSERT INTO gauge (id) VALUES ('1')",
        "UPDATE gauge SET name = 'x'",
        "TRUNCATE reading CASCADE",
        "DROP TABLE reading",
        "CREATE TABLE mine (id integer)",
        `SET ROLE "${table?.tableowner}"`,
      ]) {
        await expect(attack(sql), sql).rejects.toMatchObject({
          message: expect.stringMatching(/permission denied|must be owner/),
        });
      }
      await expect(sessions.use((session) => session.query("DELETE FROM reading"))).rejects.toThrow(
        /read-only/,
      );
    } finally {
      await sessions.close();
    }
  });

  it("never has more sessions than it may, nor more requests waiting, and ends what takes too long", async () => {
    const sessions = new ReadingSessions({
      address: address(),
      sessions: 2,
      waiting: 3,
      statementSeconds: 1,
    });
    const started = Date.now();
    try {
      const slow = Array.from({ length: 9 }, () =>
        sessions.use((session) => session.query("SELECT pg_sleep(30)")).catch((error: unknown) => error),
      );
      await wait(100);
      const open = await bootstrap.as(
        "postgres",
        "postgres",
        "rain",
        "SELECT count(*)::integer AS open FROM pg_stat_activity WHERE usename = 'rain_read_1'",
      );
      expect(open[0]?.open).toBeLessThanOrEqual(2);
      const ends = await Promise.all(slow);
      expect(ends.filter((end) => end instanceof Busy).length).toBeGreaterThanOrEqual(4);
      for (const end of ends)
        expect(String(end)).toMatch(/statement timeout|wait for a session|no session was free/);
      expect(Date.now() - started).toBeLessThan(20_000);
    } finally {
      await sessions.close();
    }
  });
});
