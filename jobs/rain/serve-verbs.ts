import { type Context, type DatabaseAddress, exporterReply, serve, verb, withDatabase } from "../shared";
import { databaseSettings, hostSetting, portSetting, serverSettings } from "./config";
import { apiReply, ReadingSessions, recordFamilies } from "./http";
import { migrateRain } from "./store";

interface ServerConfig {
  readonly database: DatabaseAddress;
  readonly sessions: number;
  readonly queryTimeoutSeconds: number;
}

export const serveApi = verb({
  name: "serve-api",
  summary: "answer read-only HTTP requests about gauges and readings",
  settings: { ...databaseSettings, ...serverSettings, host: hostSetting, port: portSetting(8080) },
  run: async (config, context) => {
    await withSessions(config, context, (sessions) =>
      serve({ ...config, what: "the rain API", reply: (url) => apiReply(url, sessions) }, context),
    );
    return "done";
  },
});

export const serveMetrics = verb({
  name: "serve-metrics",
  summary: "tell Prometheus about imports and coverage",
  settings: { ...databaseSettings, ...serverSettings, host: hostSetting, port: portSetting(9464) },
  run: async (config, context) => {
    await withSessions(config, context, (sessions) => {
      const reply = (url: URL) => exporterReply(url, () => sessions.use(recordFamilies));
      return serve({ ...config, what: "the rain metrics", reply }, context);
    });
    return "done";
  },
});

/** Migrates the schema first, so that a server deployed before any import can answer too. */
async function withSessions(
  { database, sessions, queryTimeoutSeconds }: ServerConfig,
  context: Context,
  work: (sessions: ReadingSessions) => Promise<void>,
): Promise<void> {
  await withDatabase(database, { purpose: "the rain database", applicationName: "rain server" }, migrateRain);
  context.signal.throwIfAborted();
  const open = new ReadingSessions(database, sessions, queryTimeoutSeconds);
  try {
    await work(open);
  } finally {
    await open.close();
  }
}
