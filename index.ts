import * as pulumi from "@pulumi/pulumi";
import { clusterFor, watchCapacity } from "./components/cluster";
import { DATA_NAMESPACES, dataFor, dataNamespaces, serverNames } from "./components/data";
import { serversFor } from "./components/servers";
import { adviceOn, loadSettings, notesOn } from "./components/settings";
import { DestroyGuard } from "./components/shared/destroy-guard";
import { shortenUnexpectedErrors } from "./components/shared/short-stacks";
import { requireSupport } from "./components/shared/support-window";
import { versions } from "./components/shared/versions";
import { systemNamespaces, systemsFor } from "./components/systems";

shortenUnexpectedErrors();

/** The program that `pulumi up` runs: it declares the platform of a stack, layer by layer, and returns its outputs. */
export default async function platform() {
  const { settings, secrets, advice: onSecrets } = loadSettings();
  requireSupport(versions, settings.acceptOutOfSupport);
  for (const advice of [...adviceOn(settings), ...onSecrets]) void pulumi.log.warn(advice);
  for (const note of notesOn(settings)) void pulumi.log.info(note);

  const judgeCapacity = watchCapacity(settings);
  const servers = await serversFor(settings, secrets, serverNames(DATA_NAMESPACES.postgres.name));
  const ofSystems = systemNamespaces(settings);
  const cluster = clusterFor({
    settings,
    secrets,
    servers,
    namespaces: { ...dataNamespaces(settings), ...ofSystems },
    systems: ofSystems,
  });
  const data = dataFor(settings, secrets, cluster, servers);
  const systems = systemsFor({ settings, secrets, cluster, data, servers });
  new DestroyGuard("destroy-guard", {
    protection: cluster.protection,
    everything: [
      ...(servers ? [servers] : []),
      ...[cluster, data, systems].flatMap(({ resources }) => resources),
    ],
  });
  judgeCapacity();

  const { domain } = settings;
  const { postgres, minio, mirror, backup } = data;
  const { airflow, rain, gardenos, operations } = systems;
  return {
    endpoints: {
      ...(servers && { api: servers.api }),
      ...(airflow && { airflow: airflow.endpoint }),
      ...(rain && { rain: rain.endpoint }),
      ...(gardenos && { gardenos: gardenos.endpoint }),
      ...(minio.console && { objectStorageConsole: minio.console }),
      ...(operations.page && { status: operations.page }),
      ...(cluster.grafanaPassword && { grafana: `https://grafana.${domain}` }),
    },
    ...(servers && {
      dns: dnsRecords(domain, servers.entrances),
      kubeconfig: servers.kubeconfig,
      kubeconfigDeveloper: servers.kubeconfigs.developer,
      kubeconfigReadOnly: servers.kubeconfigs.reader,
      certificateBundles: servers.certificateBundles,
      firstBoots: servers.firstBoots,
      snapshotKey: servers.snapshotKey,
      servers: servers.publicAddresses,
      ssh: servers.publicAddresses.apply(sshCommands),
      entrances: servers.entrances,
      outdatedServers: servers.outdatedServers,
      monthlyCost: servers.monthlyCost,
    }),
    postgres: {
      connections: postgres.connections,
      authority: postgres.authority,
      archivePassphrases: postgres.archivePassphrases,
      ...(backup && { offsiteBackupKey: backup.offsiteKey }),
    },
    objectStorage: {
      endpoint: minio.endpoint,
      ...(minio.authority && { authority: minio.authority }),
      ...(minio.root && { root: minio.root }),
      offsiteKey: mirror.offsiteKey,
    },
    images: data.images,
    health: operations.health,
    ...(gardenos && { gardenos: { anonKey: gardenos.anonKey, serviceKey: gardenos.serviceKey } }),
    ...(airflow && { airflowAdminPassword: airflow.adminPassword }),
    ...(cluster.grafanaPassword && { grafanaPassword: cluster.grafanaPassword }),
  };
}

/** The command that logs in to each server, by its name. */
const sshCommands = (addresses: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(addresses).map(([name, address]) => [name, `ssh root@${address}`]));

/** The DNS records to create: for the domain itself and a wildcard for every name below it. */
function dnsRecords(domain: string, entrances: pulumi.Output<string[]>) {
  return entrances.apply((addresses) =>
    [domain, `*.${domain}`].flatMap((name) => addresses.map((address) => `${name}. 300 IN A ${address}`)),
  );
}
