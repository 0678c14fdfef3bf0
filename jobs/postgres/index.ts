import { type Domain, verb } from "../shared";
import {
  bootstrapSettings,
  checkBootstrap,
  checkDiscover,
  checkMigrate,
  checkUpgrade,
  clearStaleStateSettings,
  configureSettings,
  discoverSettings,
  importSettings,
  migrateSettings,
  poolerMetricsSettings,
  reinitSettings,
  statusSettings,
  switchoverSettings,
  upgradeSettings,
} from "./config";

/** PostgreSQL under Patroni: leader discovery, databases and roles, migrations, and manual operations. */
export const postgres: Domain = {
  name: "postgres",
  summary: "PostgreSQL under Patroni: leader discovery, databases and roles, migrations, operations",
  verbs: [
    verb({
      name: "discover",
      summary: "keep the Services postgres-primary and postgres-replica pointed at the right members",
      details: "Runs until it is stopped. Several may run at once: none can overwrite a newer answer.",
      settings: discoverSettings,
      check: checkDiscover,
      run: async ({ kubernetes, namespace, ...config }, context) => {
        if (!kubernetes) throw new Error("no API server passed the check");
        const { discover } = await import("./discovery");
        const { primary, replica } = config;
        return discover(
          { ...config, services: { primary, replica }, kubernetes: { ...kubernetes, namespace } },
          context,
        );
      },
    }),
    verb({
      name: "bootstrap",
      summary: "make databases, roles and logins what a specification says",
      details:
        "Runs again after any crash, and several times at once. A login works as long as its epoch is specified.",
      settings: bootstrapSettings,
      check: checkBootstrap,
      run: async (config, context) => (await import("./bootstrap")).bootstrap(config, context),
    }),
    verb({
      name: "migrate",
      summary: "bring a database's schema up or down, show how it stands, or begin a new step",
      details: "All steps of a run are one transaction: where one fails, nothing of the run remains.",
      settings: migrateSettings,
      check: checkMigrate,
      answersOnStdout: true,
      run: async (config, context) => (await import("./migrate")).runMigrate(config, context),
    }),
    verb({
      name: "import",
      summary: "take over an existing database: one snapshot, every row compared, swapped at the end",
      details:
        "The source must not change meanwhile; if it does, nothing is swapped. The replaced database is kept, and --undo puts it back.",
      settings: importSettings,
      run: async (config, context) => (await import("./import")).importDatabase(config, context),
    }),
    verb({
      name: "pooler-metrics",
      summary: "tell Prometheus how PgBouncer's pools are used, until it is stopped",
      settings: poolerMetricsSettings,
      run: async (config, context) => (await import("./pooler")).servePoolerMetrics(config, context),
    }),
    verb({
      name: "status",
      summary: "show the members: role, state, timeline, lag",
      settings: statusSettings,
      answersOnStdout: true,
      run: async (config, context) => (await import("./operations")).status(config, context),
    }),
    verb({
      name: "configure",
      summary: "change Patroni's configuration, and with --restart let it take effect everywhere",
      details: "Restarts only members that wait for it: one after the other, replicas first.",
      settings: configureSettings,
      run: async (config, context) => (await import("./operations")).configure(config, context),
    }),
    verb({
      name: "switchover",
      summary: "hand the lead over to another member, in order and without loss",
      settings: switchoverSettings,
      run: async (config, context) => (await import("./operations")).switchover(config, context),
    }),
    verb({
      name: "reinit",
      summary: "make a replica copy everything from the leader anew",
      settings: reinitSettings,
      run: async (config, context) => (await import("./operations")).reinit(config, context),
    }),
    verb({
      name: "upgrade",
      summary:
        "move a cluster to the next major release with pg_upgrade: rehearse, run, finish, back, confirm",
      details:
        "rehearse  tries it with everything but rows, while the cluster serves (pg_upgrade --check, and the upgrade itself)\n" +
        "run       moves the data of the stopped leader, and keeps those of the old release beside them\n" +
        "finish    updates extensions and analyzes, once the new release serves\n" +
        "back      puts the old release's data back\n" +
        "confirm   deletes them",
      settings: upgradeSettings,
      check: checkUpgrade,
      answersOnStdout: true,
      run: async (config, context) => (await import("./upgrade")).upgrade(config, context),
    }),
    verb({
      name: "clear-stale-state",
      summary: "remove what a dead cluster has left in etcd; refuses while a leader holds the lock",
      settings: clearStaleStateSettings,
      run: async (config, context) => (await import("./operations")).clearStaleState(config, context),
    }),
  ],
};
