import type PgBoss from "pg-boss";
import { exporterReply, problem, retry, serve, verb, withDatabase } from "../shared";
import {
  databaseSettings,
  hostSetting,
  portSetting,
  queueSettings,
  secretsSetting,
  sessionSettings,
  workSettings,
} from "./config";
import { apiReply, databaseFamilies, workerFamilies } from "./http";
import { Model } from "./model";
import { safeReason } from "./safe-reason";
import { Ledger, migrateAgents, registerPools, Sessions, startQueue } from "./store";
import { Workers } from "./workers";

export const migrateDatabase = verb({
  name: "migrate",
  summary:
    "bring the schemas agents and agent_queue to this program's version, and grant the runtime its rights",
  details: "Run it as the owner of the database, before `serve` and `work` of the same image.",
  settings: { ...databaseSettings, ...queueSettings },
  run: async ({ database: address, ...args }, { log, signal }) => {
    const session = { purpose: "the CRM database", applicationName: "agents migrate", signal };
    const applied = await withDatabase(address, session, (database) => migrateAgents(database, args));
    log.info({ applied }, applied.length > 0 ? `applied: ${applied.join(", ")}` : "nothing to do");
    return "done";
  },
});

export const serveApi = verb({
  name: "serve",
  summary: "answer HTTP requests under /ai",
  settings: { ...sessionSettings, secrets: secretsSetting, host: hostSetting, port: portSetting(8001) },
  run: async ({ database, secrets, host, port, ...args }, { log, signal }) => {
    const sessions = new Sessions({ ...args, address: database, applicationName: "agents serve" });
    let started: Promise<PgBoss> | undefined;
    // The API answers before the database does; a failed start is tried again by the next request.
    const boss = () => {
      started ??= startQueue(sessions, { log }).catch((error: unknown) => {
        started = undefined;
        throw error;
      });
      return started;
    };
    try {
      const backend = { sessions, boss, secrets, log };
      await serve(
        {
          host,
          port,
          what: "the agents' API",
          acceptsPost: true,
          reply: (url, request) => apiReply(url, request, backend),
        },
        { log, signal },
      );
    } finally {
      await sessions.close();
    }
    return "done";
  },
});

export const workOnTasks = verb({
  name: "work",
  summary: "run the agents of the pools; metrics at /metrics, /health for probes",
  details:
    "A stop lets running tasks finish for 15 seconds. A killed process loses no task: another worker gets it.",
  settings: { ...workSettings, host: hostSetting, port: portSetting(8002) },
  check: ({ budget, inputPrice, outputPrice }) =>
    budget.cents !== undefined && inputPrice + outputPrice === 0
      ? ["AGENTS_DAILY_BUDGET: a budget in cents needs AGENTS_PRICE_INPUT or AGENTS_PRICE_OUTPUT"]
      : [],
  run: async ({ database, host, port, pools, ...config }, { log, signal }) => {
    const sessions = new Sessions({ ...config, address: database, applicationName: "agents work" });
    try {
      const boss = await retry(
        () => startQueue(sessions, { log, maintenanceSeconds: config.maintenanceSeconds }),
        {
          attempts: 20,
          firstDelayMs: 250,
          longestDelayMs: 5_000,
          signal,
          onRetry: (error) => void log.warn(`the queue cannot be reached: ${safeReason(error)}`),
        },
      );
      await registerPools(sessions, pools);
      const price = { input: config.inputPrice, output: config.outputPrice };
      const concurrency = 10 * pools.size;
      const model = new Model({ ...config, price, concurrency });
      const pollMs = config.pollSeconds * 1000;
      const workers = new Workers({
        ...config,
        sessions,
        boss,
        model,
        ledger: new Ledger({ ...config, sessions }),
        pools: [...pools.keys()],
        pollMs,
        log,
      });
      const families = async () => [...workerFamilies(workers, model), ...(await databaseFamilies(sessions))];
      const reply = async (url: URL) => {
        try {
          return await exporterReply(url, families);
        } catch (error) {
          log.error({ path: url.pathname }, `a request was not answered: ${safeReason(error)}`);
          return problem(503, "the database cannot be reached at the moment");
        }
      };
      await Promise.all([
        workers.run(signal),
        serve({ host, port, what: "the agents' metrics", reply }, { log, signal }),
      ]);
      await boss.stop({ graceful: false });
    } finally {
      await sessions.close();
    }
    return "done";
  },
});
