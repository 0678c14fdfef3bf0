import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { POOLER_STATS_USER, poolerAlerts } from "../../../../../components/data/postgres";
import { POOLER_PANELS } from "../../../../../components/data/postgres/dashboard";
import { runJob } from "../../../../rigs/jobs/run-job";
import { PooledPostgres } from "../../../../rigs/postgres/pooler";
import { freePort } from "../../../../rigs/postgres/postgres";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const USERS = [
  { user: "crm_writer_1", password: "first" },
  { user: POOLER_STATS_USER, password: "stats" },
];
/** Two sessions at the pooler. */
const SETTINGS = { databases: { crm: { connections: 4 } }, replicas: 1, monitoring: true };

describeWith(["pgbouncer", "openssl"], "PgBouncer with our configuration", () => {
  let postgres: PooledPostgres;
  let pooler: Awaited<ReturnType<PooledPostgres["pooler"]>>;
  let metricsPort: number;
  let exporter: Promise<unknown>;
  let endExporter: () => void = () => undefined;
  const clients: pg.Client[] = [];

  const open = async ({ user, password } = USERS[0] ?? { user: "", password: "" }, database = "crm") => {
    const ssl = { ca: readFileSync(postgres.authority, "utf8") };
    const client = new pg.Client({ host: "localhost", port: pooler.port, database, user, password, ssl });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const metrics = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const numberOf = (text: string, name: string) =>
    Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, "m").exec(text)?.[1]);

  beforeAll(async () => {
    postgres = await PooledPostgres.start();
    const administrator = new pg.Client({ connectionString: postgres.leader.url("postgres") });
    await administrator.connect();
    await administrator.query("CREATE ROLE crm_writer_1 LOGIN PASSWORD 'first'");
    await administrator.query("CREATE DATABASE crm OWNER crm_writer_1");
    await administrator.end();
    pooler = await postgres.pooler(USERS, SETTINGS);
    metricsPort = await freePort();
    exporter = runJob(["postgres", "pooler-metrics"], {
      environment: {
        POOLER_HOST: "127.0.0.1",
        POOLER_PORT: String(pooler.port),
        POOLER_USER: POOLER_STATS_USER,
        POOLER_PASSWORD: "stats",
        POOLER_SSLMODE: "verify-ca",
        POOLER_SSLROOTCERT: postgres.authority,
        POOLER_METRICS_HOST: "127.0.0.1",
        POOLER_METRICS_PORT: String(metricsPort),
      },
      onStart: (child) => {
        endExporter = () => child.kill("SIGTERM");
      },
    });
    await eventually(
      "the pooler answers",
      20_000,
      async () => numberOf(await metrics(), "pgbouncer_up") === 1,
    );
  });

  afterAll(async () => {
    for (const client of clients) await client.end().catch(() => undefined);
    endExporter();
    await exporter;
    await postgres?.stop();
  });

  it("takes statements that a driver prepared, in whichever session the next transaction runs", async () => {
    const [one, two] = [await open(), await open()];
    for (const client of [one, two, one, two]) {
      const { rows } = await client.query({ name: "sum", text: "SELECT $1::int + 1 AS sum", values: [41] });
      expect(rows).toEqual([{ sum: 42 }]);
    }
  });

  it("takes no client without TLS", async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: pooler.port,
      database: "crm",
      user: "crm_writer_1",
    });
    await expect(client.connect()).rejects.toThrow(/SSL required/);
  });

  it("shows its console to the exporter's login, which commands nothing and uses no database", async () => {
    const login = { user: POOLER_STATS_USER, password: "stats" };
    const console = await open(login, "pgbouncer");
    await expect(console.query("PAUSE")).rejects.toThrow(/admin access needed/);
    const refused = await open(login).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
  });

  it("counts the clients that wait, and how long", async () => {
    const busy = [await open(), await open()];
    for (const client of busy) await client.query("BEGIN");
    const waiting = (await open()).query("SELECT 1");
    const text = await eventually("a client waits", 20_000, async () => {
      const now = await metrics();
      return numberOf(now, "pgbouncer_pools_client_maxwait_seconds") > 0.2 && now;
    });
    expect(numberOf(text, "pgbouncer_pools_client_waiting_connections")).toBe(1);
    expect(numberOf(text, "pgbouncer_databases_max_connections")).toBe(2);
    expect(numberOf(text, "pgbouncer_pools_server_active_connections")).toBe(2);
    for (const client of busy) await client.query("COMMIT");
    await waiting;
    const after = await metrics();
    expect(numberOf(after, "pgbouncer_pools_client_waiting_connections")).toBe(0);
    expect(numberOf(after, "pgbouncer_stats_client_wait_seconds_total")).toBeGreaterThan(0.2);
  });

  it("has every metric that the alerts and the panels read", async () => {
    const text = await metrics();
    const read = [...poolerAlerts(), ...POOLER_PANELS].flatMap(
      ({ expr }) => expr.match(/pgbouncer_\w+/g) ?? [],
    );
    expect(read.length).toBeGreaterThan(6);
    expect(read.filter((name) => Number.isNaN(numberOf(text, name)))).toEqual([]);
  });

  it("serves the sessions that it has when it is told to stop, and ends once their clients have", async () => {
    const replaced = await postgres.pooler(USERS, SETTINGS);
    const ssl = { ca: readFileSync(postgres.authority, "utf8") };
    const [login] = USERS;
    const connect = async () => {
      const client = new pg.Client({
        host: "localhost",
        port: replaced.port,
        database: "crm",
        ...login,
        ssl,
      });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    };
    const client = await eventually("the pooler answers", 20_000, connect);
    await client.query("BEGIN");
    process.kill(replaced.process.pid ?? 0, "SIGTERM");
    await eventually("it takes nobody any more", 20_000, async () => {
      const refused = await connect().catch(() => undefined);
      await refused?.end();
      return refused === undefined;
    });
    await client.query("COMMIT");
    expect((await client.query("SELECT 42 AS answer")).rows).toEqual([{ answer: 42 }]);
    expect(replaced.process.running).toBe(true);
    await client.end();
    await eventually("it ends", 20_000, () => !replaced.process.running);
  });

  it("is reported as down once it is", async () => {
    await pooler.process.kill();
    const text = await metrics();
    expect(numberOf(text, "pgbouncer_up")).toBe(0);
    expect(text).not.toContain("pgbouncer_pools");
  });
});
