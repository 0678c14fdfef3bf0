import { type Context, exporterReply, serve, verb } from "../shared";
import {
  answerTimeout,
  corsOrigins,
  databaseSettings,
  hostSetting,
  importSettings,
  portSetting,
  serverSettings,
} from "./config";
import { apiReply, ReadingSessions, type ReadingSessionsArgs, recordFamilies } from "./http";

// Both log in as a reader, who cannot migrate the schema: in the cluster a Job does that before they start.

export const serveApi = verb({
  name: "serve-api",
  summary: "answer read-only HTTP requests about gauges and readings",
  settings: {
    ...databaseSettings,
    ...serverSettings,
    statementSeconds: answerTimeout,
    origins: corsOrigins,
    host: hostSetting,
    port: portSetting(8080),
  },
  run: async ({ database, ...config }, context) => {
    await withSessions({ ...config, address: database }, context, (sessions) =>
      serve({ ...config, what: "the rain API", reply: (url) => apiReply(url, sessions) }, context),
    );
    return "done";
  },
});

export const serveMetrics = verb({
  name: "serve-metrics",
  summary: "tell Prometheus about imports and coverage",
  settings: {
    ...databaseSettings,
    ...serverSettings,
    statementSeconds: importSettings.queryTimeoutSeconds,
    host: hostSetting,
    port: portSetting(9464),
  },
  run: async ({ database, ...config }, context) => {
    await withSessions({ ...config, address: database }, context, (sessions) => {
      const reply = (url: URL) => exporterReply(url, () => sessions.use(recordFamilies));
      return serve({ ...config, what: "the rain metrics", reply }, context);
    });
    return "done";
  },
});

async function withSessions(
  args: ReadingSessionsArgs,
  { signal }: Context,
  work: (sessions: ReadingSessions) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const sessions = new ReadingSessions(args);
  try {
    await work(sessions);
  } finally {
    await sessions.close();
  }
}
