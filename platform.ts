import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Backup } from "./components/backup";
import { apiReady } from "./components/cluster";
import { AddOns, CLUSTER_ISSUER, Foundation } from "./components/foundation";
import { surveyAccount } from "./components/hetzner";
import { HetznerCluster } from "./components/hetzner-cluster";
import { BuiltImage } from "./components/image";
import { MinIO } from "./components/minio";
import { Postgres, postgresImage, recoveryImage, serverNames } from "./components/postgres";
import {
  adviceOn,
  fabricOf,
  type HetznerTarget,
  loadSettings,
  minioShape,
  nodesOf,
  postgresShape,
  type Settings,
  type SettingsSecrets,
} from "./components/settings";
import { requireSupport } from "./components/support-window";
import { versions } from "./components/versions";
import { airflowFor, dataSurface, rainTracker } from "./systems";

/** The whole platform of one stack: from its settings, over the cluster, to what runs on it. */
export async function platform() {
  const { settings, secrets } = loadSettings();
  requireSupport(versions, settings.acceptOutOfSupport);
  for (const advice of adviceOn(settings)) void pulumi.log.warn(advice);

  const { target } = settings;
  return target.kind === "hetzner" ? onHetzner(settings, target, secrets) : onExisting(settings, secrets);
}

/** The platform on servers of its own. */
async function onHetzner(settings: Settings, target: HetznerTarget, secrets: SettingsSecrets) {
  const { environment, domain, contact } = settings;
  const { addons } = target;

  const cluster = new HetznerCluster("cluster", {
    settings,
    target,
    secrets,
    survey: await surveyAccount(settings.cluster),
    postgresMembers: postgresShape(settings).replicas,
    postgresNames: serverNames(),
  });

  const kubeconfig = apiReady(cluster.kubeconfig);
  const provider = kubernetes({ kubeconfig, clusterIdentifier: settings.cluster }, cluster.booted);
  const foundation = new Foundation("foundation", { environment, servers: cluster.servers }, { provider });
  const addOns = new AddOns(
    "add-ons",
    {
      environment,
      domain,
      contact,
      certManager: addons.certManager,
      monitoring: addons.monitoring,
      hetzner: addons.hetzner
        ? { network: fabricOf(target.servers) === "private-network" ? settings.cluster : undefined }
        : undefined,
      upgrades: { version: versions.k3s.version, ...target.kubernetes.upgradeWindow },
      etcd: cluster.etcdAddresses,
      snapshotEveryHours: target.etcd.snapshotEveryHours,
      servers: cluster.servers,
      hcloudToken: secrets.hcloudToken,
    },
    { provider },
  );

  const { repository } = settings.images;
  const architectures = [...new Set(nodesOf(target).map(({ architecture }) => architecture))];
  const jobs = new BuiltImage("jobs-image", {
    repository: `${repository}-jobs`,
    context: ".",
    dockerfile: "jobs/Dockerfile",
    architectures,
  });
  const { memoryMib, ...layout } = minioShape(settings);
  const minio = new MinIO(
    "minio",
    {
      ...settings.minio,
      namespace: foundation.namespaces.storage,
      cluster: settings.cluster,
      layout,
      memoryMib,
      strictSpread: environment === "prod",
      jobsImage: jobs.reference,
      certificateEpoch: settings.epochs.certificates,
      consoleHost: `minio-console.${domain}`,
      certificateAnnotations: { "cert-manager.io/cluster-issuer": CLUSTER_ISSUER },
      monitoring: addons.monitoring,
    },
    { provider },
  );

  const members = new BuiltImage(
    "postgres-image",
    postgresImage({ repository: `${repository}-postgres`, architectures }),
  );
  const images = { jobs: jobs.reference, postgres: members.reference };
  const recovery = new BuiltImage(
    "recovery-image",
    recoveryImage({
      repository: `${repository}-recovery`,
      architectures,
      ...images,
    }),
  );
  const postgres = new Postgres(
    "postgres",
    {
      ...settings.postgres,
      ...postgresShape(settings),
      namespace: foundation.namespaces.postgres,
      scope: settings.cluster,
      images: { ...images, recovery: recovery.reference },
      backupEpoch: settings.backup.epoch,
      strictSpread: environment === "prod",
      pods: [target.network.pods],
      servers: cluster.serverRanges,
      etcd: cluster.etcd,
      certificate: cluster.postgresCertificate,
      archive: minio.access.archive && {
        store: minio.access.archive,
        offsite: offsiteStore(settings, secrets),
        client: cluster.postgresBackupCertificate,
        recoverTo: settings.postgres.recoverTo,
        monitoring: addons.monitoring,
      },
    },
    { provider },
  );

  const { backups: store } = minio.access;
  if (store) {
    const { volumeGib, storageClass, databases } = settings.postgres;
    new Backup(
      "backup",
      {
        ...{ environment, images, store, postgres },
        namespace: foundation.namespaces.postgres,
        cluster: settings.cluster,
        databases: Object.keys(databases),
        retentionDays: settings.backup.retentionDays,
        scratch: { size: `${volumeGib}Gi`, storageClass },
        offsite: offsiteStore(settings, secrets),
        monitoring: addons.monitoring,
      },
      { provider, dependsOn: [postgres.made, minio.made] },
    );
  }

  const ingestion = dataSurface(settings, secrets, postgres, {
    monitoring: addons.monitoring,
    namespaces: foundation.namespaces,
    image: jobs.reference,
    provider,
  });
  const airflow = airflowFor(settings, secrets, postgres, ingestion, {
    namespace: foundation.namespaces.airflow,
    logs: minio.access.airflow,
    monitoring: addons.monitoring,
    provider,
  });

  const rain = rainTracker(settings, postgres, {
    namespace: foundation.namespaces.rain,
    image: jobs.reference,
    provider,
  });

  return {
    endpoints: {
      api: cluster.api,
      ...(airflow && { airflow: airflow.endpoint }),
      ...(rain && { rain: rain.endpoint }),
      objectStorageConsole: minio.console,
      ...(addons.monitoring && { grafana: `https://grafana.${domain}` }),
    },
    dns: dnsRecords(domain, cluster.entrances),
    kubeconfig: cluster.kubeconfig,
    certificateBundles: cluster.certificateBundles,
    snapshotKey: cluster.snapshotKey,
    postgres: {
      connections: postgres.connections,
      authority: postgres.authority,
      archivePassphrases: postgres.archivePassphrases,
    },
    objectStorage: { endpoint: minio.endpoint, authority: minio.authority, root: minio.root },
    ...(airflow && { airflowAdminPassword: airflow.adminPassword }),
    ...(addOns.grafanaPassword && { grafanaPassword: addOns.grafanaPassword }),
    outdatedServers: cluster.outdatedServers,
    monthlyCost: cluster.monthlyCost,
  };
}

/** Storage off the cluster with its keys, where the settings give one. */
function offsiteStore({ offsite }: Settings, { offsiteAccessKey, offsiteSecretKey }: SettingsSecrets) {
  if (!offsite || !offsiteAccessKey || !offsiteSecretKey) return undefined;
  return { ...offsite, accessKey: offsiteAccessKey, secretKey: offsiteSecretKey };
}

/** The platform on a cluster that others look after: its servers, add-ons and upgrades are their business. */
function onExisting(settings: Settings, { kubeconfig }: SettingsSecrets) {
  const { target, environment, domain } = settings;
  if (target.kind !== "existing" || !kubeconfig)
    throw new Error("an existing cluster without a kubeconfig passed");

  const context = target.context;
  const ready = apiReady(kubeconfig, context === undefined ? {} : { context });
  const provider = kubernetes({ kubeconfig: ready, context });
  const foundation = new Foundation("foundation", { environment, servers: [] }, { provider });
  return { endpoints: {}, domain, namespaces: foundation.namespaces };
}

function kubernetes(
  access: { kubeconfig: pulumi.Output<string>; context?: string | undefined; clusterIdentifier?: string },
  dependsOn: readonly pulumi.Resource[] = [],
): k8s.Provider {
  return new k8s.Provider(
    "kubernetes",
    {
      kubeconfig: access.kubeconfig,
      ...(access.context && { context: access.context }),
      // Without it, an API that moves to another address would be taken for another cluster, and all on it replaced.
      ...(access.clusterIdentifier && { clusterIdentifier: access.clusterIdentifier }),
      deleteUnreachable: true, // a stack whose servers are gone can still be destroyed
    },
    { dependsOn: [...dependsOn] },
  );
}

/** The records to be made where the domain is kept. */
function dnsRecords(domain: string, entrances: pulumi.Output<string[]>) {
  return entrances.apply((addresses) =>
    [domain, `*.${domain}`].flatMap((name) => addresses.map((address) => `${name}. 300 IN A ${address}`)),
  );
}
