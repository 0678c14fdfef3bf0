import { flag, JobError, listening, listProblems, toggle, verb, wholeNumber } from "../shared";
import { maxAgeSetting, storeSettings } from "./config";
import { exportMetrics, metrics, monitor, standingText } from "./monitor";
import { withStore } from "./store";

const json = toggle("--json", "as JSON, for programs");

export const monitorVerb = verb({
  name: "monitor",
  summary: "age, size, success rate and last verification of the backups; fails where something is wrong",
  answersOnStdout: true,
  settings: {
    ...storeSettings,
    json,
    metrics: toggle("--metrics", "as metrics for Prometheus"),
    maxAgeHours: maxAgeSetting,
  },
  check: (config) => (config.json && config.metrics ? ["--json and --metrics exclude each other"] : []),
  run: (config, context) =>
    withStore(config, context, async (store) => {
      const standing = await monitor(store, new Date(), config.maxAgeHours);
      if (config.metrics) context.print(await metrics(standing));
      else context.print(config.json ? JSON.stringify(standing, undefined, 2) : standingText(standing));
      if (standing.alerts.length > 0) {
        throw new JobError(listProblems("Backup checks failed:", standing.alerts));
      }
      return "done";
    }),
});

export const serveMetricsVerb = verb({
  name: "serve-metrics",
  summary: "tell Prometheus how the backups stand, until it is stopped",
  settings: {
    ...storeSettings,
    maxAgeHours: maxAgeSetting,
    ...listening("BACKUP"),
    refreshSeconds: flag(
      "--refresh-seconds <n>",
      "how long a look into the bucket counts",
      wholeNumber({ max: 86_400 }).default(300),
      "BACKUP_REFRESH_SECONDS",
    ),
  },
  run: (config, context) =>
    withStore(config, context, async (store) => {
      await exportMetrics({ ...config, store }, context);
      return "done";
    }),
});
