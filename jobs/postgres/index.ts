import { type Domain, verb } from "../shared";
import { bootstrapSettings, checkBootstrap, checkDiscover, discoverSettings } from "./config";

/** PostgreSQL under Patroni: who leads, what is in it, and the hands that a person needs. */
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
      run: async (
        { kubernetes, kubernetesHost, kubernetesPort, serviceAccount, namespace, ...config },
        context,
      ) => {
        const { discover } = await import("./discovery/discover");
        const host = kubernetesHost?.includes(":") ? `[${kubernetesHost}]` : kubernetesHost;
        const server = kubernetes ?? `https://${host}:${kubernetesPort}`;
        const { primary, replica } = config;
        return discover(
          { ...config, services: { primary, replica }, kubernetes: { server, namespace, serviceAccount } },
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
      run: async (config, context) => (await import("./bootstrap/bootstrap")).bootstrap(config, context),
    }),
  ],
};
