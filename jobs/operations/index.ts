import { type Domain, verb } from "../shared";
import { healthSettings, serveMetricsSettings, servePageSettings, statusSettings } from "./config";

export { REPORT_MARK } from "./config";
export { ETCD_FILES, type Platform, type PlatformInput, platformSchema } from "./platform";

const EXIT_CODES =
  "Exit code: 0 well, 1 warnings, 2 failures (or a wrong setting), 3 not all could be checked.";

/** The operator's checks: they read the whole platform and change nothing. */
export const operations: Domain = {
  name: "operations",
  summary: "the operator's checks of the whole platform: health, status",
  verbs: [
    verb({
      name: "health",
      summary: "run all checks side by side, and report a score, a verdict and what to do",
      details: EXIT_CODES,
      settings: healthSettings,
      answersOnStdout: true,
      run: async (config, context) => (await import("./health")).health(config, context),
    }),
    verb({
      name: "status",
      summary: "show the state of everything on one screen",
      details: EXIT_CODES,
      settings: statusSettings,
      answersOnStdout: true,
      run: async (config, context) => (await import("./health")).status(config, context),
    }),
    verb({
      name: "serve-metrics",
      summary: "tell Prometheus what the last run found, until it is stopped",
      settings: serveMetricsSettings,
      run: async (config, context) => (await import("./health")).serveMetrics(config, context),
    }),
    verb({
      name: "serve-page",
      summary: "show people and screens what the last run found, until it is stopped",
      settings: servePageSettings,
      run: async (config, context) => (await import("./page")).servePage(config, context),
    }),
  ],
};
