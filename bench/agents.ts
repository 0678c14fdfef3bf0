import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import PgBoss from "pg-boss";
import {
  AgentsProcess,
  addLeads,
  addWorkspace,
  agentsDatabase,
  ask,
  runtimeEnvironment,
  token,
} from "../test/rigs/agents/agents";
import { bundledJobs } from "../test/rigs/jobs/bundled";
import { ModelApi } from "../test/rigs/model-api/model-api";
import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from "../test/rigs/postgres/postgres";
import { eventually } from "../test/rigs/waiting";

const USAGE = `npm run bench -- agents [--tasks 1500] [--latency 20]
Tasks a second of 1, 4 and 16 agents beside plain pg-boss, whose workers send the same request to the same model and do
nothing else; p99 from enqueue to start of idle agents; tokens beyond a budget that ends half-way; memory of a worker.`;

/** A pool has at most ten agents in a process. */
const PROCESSES: Readonly<Record<number, number>> = { 1: 1, 4: 1, 16: 2 };

interface Measured {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly peakMiB: number;
}

export default async function agents(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      tasks: { type: "string", default: "1500" },
      latency: { type: "string", default: "20" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const latencyMs = Number(values.latency);
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-agents-"));
  const server = await startPostgres({
    settings: { fsync: "on", synchronous_commit: "on", full_page_writes: "on" },
  });
  const model = await ModelApi.start({ latencyMs });
  try {
    await bundledJobs();
    console.log(`\na model that answers after ${latencyMs} ms; PostgreSQL with fsync\n`);
    console.log("                         tasks   a second   of plain   p99 start, ms   peak MiB");
    for (const concurrency of [1, 4, 16]) {
      const tasks = Math.min(Number(values.tasks), concurrency * 150);
      const ours = await ourAgents(server, model, tasks, concurrency);
      const request = join(folder, "request.json");
      writeFileSync(request, model.bodies.at(-1) ?? "");
      const plain = await plainBoss(server, model, request, tasks, concurrency);
      print(`pg-boss, ${concurrency} workers`, tasks, plain, 1);
      print(`agents, ${concurrency}`, tasks, ours, ours.perSecond / plain.perSecond);
    }
    await overshoot(server);
  } finally {
    await model.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(dirname(await bundledJobs()), { recursive: true, force: true });
  }
}

function print(name: string, tasks: number, { perSecond, p99Ms, peakMiB }: Measured, share: number): void {
  const cells = [
    String(tasks).padStart(8),
    perSecond.toFixed(1).padStart(10),
    share.toFixed(2).padStart(10),
    p99Ms.toFixed(0).padStart(15),
    peakMiB.toFixed(0).padStart(10),
  ];
  console.log(`${name.padEnd(22)}${cells.join(" ")}`);
}

async function plainBoss(
  server: PostgresServer,
  model: ModelApi,
  request: string,
  tasks: number,
  concurrency: number,
): Promise<Measured> {
  const database = await createDatabase(server, { label: "bench_boss" });
  const boss = new PgBoss({ connectionString: database.url, supervise: false, schedule: false });
  boss.on("error", () => undefined);
  await boss.start();
  const processes: ChildProcess[] = [];
  const memory = new Peak();
  try {
    await boss.createQueue("plain");
    await boss.insert(Array.from({ length: tasks }, (_, n) => ({ name: "plain", data: { task: n } })));
    const count = PROCESSES[concurrency] ?? 1;
    for (let each = 0; each < count; each++) {
      const program = join(import.meta.dirname, "agents-plain.ts");
      const words = [
        "--import",
        "tsx",
        program,
        database.url,
        model.url,
        request,
        String(concurrency / count),
      ];
      processes.push(spawn(process.execPath, words, { stdio: "ignore" }));
    }
    memory.watch(() => processes.map(({ pid }) => pid));
    const perSecond = await throughput(database, "pgboss", tasks);
    const p99Ms = await startLatency(database, "pgboss", (n) => boss.send("plain", { late: n }));
    return { perSecond, p99Ms, peakMiB: memory.end() };
  } finally {
    memory.end();
    for (const each of processes) each.kill("SIGKILL");
    await boss.stop({ graceful: false });
    await database.drop();
  }
}

async function ourAgents(
  server: PostgresServer,
  model: ModelApi,
  tasks: number,
  concurrency: number,
): Promise<Measured> {
  const database = await agentsDatabase(server);
  const environment = runtimeEnvironment(database, model.url);
  const running: AgentsProcess[] = [await AgentsProcess.start("serve", environment)];
  const memory = new Peak();
  try {
    const enqueue = await enqueuer(database, running[0], tasks + LATE);
    for (let n = 0; n < tasks; n += 10) {
      await Promise.all(Array.from({ length: Math.min(10, tasks - n) }, (_, each) => enqueue(n + each)));
    }
    const count = PROCESSES[concurrency] ?? 1;
    for (let each = 0; each < count; each++) {
      running.push(
        await AgentsProcess.start("work", {
          ...environment,
          AGENTS_POOLS: `lead-analysis:${concurrency / count}`,
          AGENTS_DAILY_BUDGET: "tokens:1000000000",
        }),
      );
    }
    memory.watch(() => running.slice(1).flatMap(({ pid }) => childrenOf(pid)));
    const perSecond = await throughput(database, "agent_queue", tasks);
    const p99Ms = await startLatency(database, "agent_queue", (n) => enqueue(tasks + n));
    return { perSecond, p99Ms, peakMiB: memory.end() };
  } finally {
    memory.end();
    for (const each of running) await each.kill();
    await database.drop();
  }
}

/** Enqueues the n-th of prepared leads through the API. */
async function enqueuer(database: TestDatabase, api: AgentsProcess | undefined, leads: number) {
  const workspace = await addWorkspace(database, "bench");
  const given = Array.from({ length: leads }, () => ({ workspace, notes: "mark:bench Wants a quote." }));
  const ids = await addLeads(database, given);
  const url = (await api?.url()) ?? "";
  const as = await token({ role: "authenticated", workspace_id: workspace });
  return async (n: number) => {
    const { status, answer } = await ask(url, "/ai/analyze-lead", { as, body: { lead_id: ids[n] } });
    if (status !== 202) throw new Error(`the task was refused: ${JSON.stringify(answer)}`);
  };
}

/** Jobs a second, from the start of the first to the end of the last. */
async function throughput(database: TestDatabase, schema: string, tasks: number): Promise<number> {
  await completed(database, schema, tasks);
  const [row] = await database.query<{ seconds: number }>(
    `SELECT extract(epoch FROM max(completed_on) - min(started_on))::float AS seconds FROM ${schema}.job`,
  );
  return tasks / (row?.seconds ?? Number.NaN);
}

const LATE = 100;

/** How long a task waits when agents are idle: the 99th of a hundred that come one by one. */
async function startLatency(
  database: TestDatabase,
  schema: string,
  send: (n: number) => Promise<unknown>,
): Promise<number> {
  const [before] = await database.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM ${schema}.job`,
  );
  await wait(1_500); // until all of them have found nothing to do
  for (let n = 0; n < LATE; n++) {
    await send(n);
    await wait(60);
  }
  await completed(database, schema, (before?.count ?? 0) + LATE);
  const [row] = await database.query<{ ms: number }>(
    `SELECT 1000 * (percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM started_on - created_on)))::float AS ms
     FROM (SELECT * FROM ${schema}.job ORDER BY created_on DESC LIMIT ${LATE}) AS late`,
  );
  return row?.ms ?? Number.NaN;
}

const completed = (database: TestDatabase, schema: string, count: number) =>
  eventually(
    `${count} jobs are completed`,
    300_000,
    async () => {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM ${schema}.job WHERE state = 'completed'`,
      );
      return row?.count === count;
    },
    200,
  );

/** Sixteen agents and a budget for half of the tasks; the model bills also what it answers too late. */
async function overshoot(server: PostgresServer): Promise<void> {
  const model = await ModelApi.start({ latencyMs: 5, fault: (n) => (n % 20 === 7 ? "cut" : undefined) });
  const database = await agentsDatabase(server);
  const [tasks, budget] = [400, 150_000];
  const environment = { ...runtimeEnvironment(database, model.url), AGENTS_DAILY_BUDGET: `tokens:${budget}` };
  const running: AgentsProcess[] = [await AgentsProcess.start("serve", environment)];
  try {
    const enqueue = await enqueuer(database, running[0], tasks);
    for (let n = 0; n < tasks; n++) await enqueue(n);
    for (let each = 0; each < 2; each++) {
      running.push(await AgentsProcess.start("work", { ...environment, AGENTS_POOLS: "lead-analysis:8" }));
    }
    await eventually("the budget is spent", 120_000, async () => {
      const [row] = await database.query<{ count: number }>(
        "SELECT count(*)::integer AS count FROM agent_queue.job WHERE state = 'active' OR (state < 'active' AND start_after < now() + interval '10 minutes')",
      );
      return row?.count === 0;
    });
    const [spent] = await database.query<{ tokens: number }>(
      "SELECT sum(tokens)::integer AS tokens FROM agents.spend",
    );
    const billed = model.billed.get("bench") ?? 0;
    const over = Math.max(0, (spent?.tokens ?? 0) - budget, billed - budget);
    console.log(
      `\nbudget of ${budget} tokens, 16 agents, 5% of the answers cut: counted ${spent?.tokens}, billed ${billed}, overshoot ${over}`,
    );
  } finally {
    for (const each of running) await each.kill();
    await model.stop();
    await database.drop();
  }
}

/** The most memory of one process. */
class Peak {
  private mib = 0;
  private timer: NodeJS.Timeout | undefined;

  watch(pids: () => readonly (string | number | undefined)[]): void {
    this.timer = setInterval(() => {
      this.mib = Math.max(this.mib, ...pids().map(highWaterMiB));
    }, 100);
  }

  end(): number {
    clearInterval(this.timer);
    return this.mib;
  }
}

function highWaterMiB(pid: string | number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // the process ended
  }
}

function childrenOf(pid: number | undefined): string[] {
  return readdirSync("/proc").filter((each) => {
    try {
      return Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1]) === pid;
    } catch {
      return false;
    }
  });
}
