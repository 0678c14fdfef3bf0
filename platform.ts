import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { apiReady, overlayAddresses, PostgresPki } from "./components/cluster";
import { DestroyGuard } from "./components/destroy-guard";
import { Etcd } from "./components/etcd";
import { AddOns, CLUSTER_ISSUER, Foundation } from "./components/foundation";
import { surveyAccount } from "./components/hetzner";
import { HetznerCluster } from "./components/hetzner-cluster";
import { serverNames } from "./components/postgres";
import {
  adviceOn,
  type ExistingTarget,
  fabricOf,
  type HetznerTarget,
  loadSettings,
  nodesOf,
  postgresShape,
  type Settings,
  type SettingsSecrets,
} from "./components/settings";
import { requireSupport } from "./components/support-window";
import { versions } from "./components/versions";
import { workloads } from "./workloads";

/** The whole platform of one stack: from its settings, over the cluster, to what runs on it. */
export async function platform() {
  const { settings, secrets } = loadSettings();
  requireSupport(versions, settings.acceptOutOfSupport);
  for (const advice of adviceOn(settings)) void pulumi.log.warn(advice);

  const { target } = settings;
  return target.kind === "hetzner"
    ? onHetzner(settings, target, secrets)
    : onExisting(settings, target, secrets);
}

/** The platform on servers of its own. */
async function onHetzner(settings: Settings, target: HetznerTarget, secrets: SettingsSecrets) {
  const { environment, domain, contact } = settings;
  const { addons, protection } = target;

  const cluster = new HetznerCluster("cluster", {
    settings,
    target,
    secrets,
    survey: await surveyAccount(settings.cluster),
    postgresMembers: postgresShape(settings).replicas,
    postgresNames: serverNames(),
  });

  const servers = cluster.servers.apply((at) => ({ at, behind: overlayAddresses(target.network.pods) }));
  const kubeconfig = apiReady(cluster.kubeconfig);
  const provider = kubernetes({ kubeconfig, clusterIdentifier: settings.cluster }, cluster.booted);
  const foundation = new Foundation("foundation", { environment, servers, protection }, { provider });
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
      servers,
      hcloudToken: secrets.hcloudToken,
    },
    { provider },
  );

  const { outputs, resources } = workloads(settings, secrets, {
    provider,
    namespaces: foundation.namespaces,
    architectures: [...new Set(nodesOf(target).map(({ architecture }) => architecture))],
    pods: [target.network.pods],
    servers: cluster.serverRanges,
    nodePorts: true,
    etcd: cluster.etcd,
    certificates: cluster.postgres,
    certificateAnnotations: issuedBy(CLUSTER_ISSUER),
    consoles: true,
    monitoring: addons.monitoring,
    protection,
  });
  const { endpoints, ...deployed } = outputs;
  new DestroyGuard("destroy-guard", {
    protection,
    everything: [cluster, provider, foundation, addOns, ...resources],
  });

  return {
    endpoints: {
      api: cluster.api,
      ...endpoints,
      ...(addons.monitoring && { grafana: `https://grafana.${domain}` }),
    },
    dns: dnsRecords(domain, cluster.entrances),
    kubeconfig: cluster.kubeconfig,
    certificateBundles: cluster.certificateBundles,
    snapshotKey: cluster.snapshotKey,
    ...deployed,
    ...(addOns.grafanaPassword && { grafanaPassword: addOns.grafanaPassword }),
    outdatedServers: cluster.outdatedServers,
    monthlyCost: cluster.monthlyCost,
  };
}

/** The platform on a cluster that others look after: its servers, add-ons and upgrades are their business. */
function onExisting(given: Settings, target: ExistingTarget, { kubeconfig, ...secrets }: SettingsSecrets) {
  if (!kubeconfig) throw new Error("an existing cluster without a kubeconfig passed");

  const settings = withStorageClass(given, target);
  const { environment, cluster } = settings;
  const { replicas } = postgresShape(settings);
  const { context, nodes, protection } = target;
  const ready = apiReady(kubeconfig, context === undefined ? {} : { context });
  const provider = kubernetes({ kubeconfig: ready, context });
  const foundation = new Foundation(
    "foundation",
    { environment, servers: { at: nodes }, protection },
    { provider },
  );
  const { namespaces } = foundation;
  const certificateEpoch = settings.epochs.certificates;
  const etcd = new Etcd(
    "etcd",
    {
      namespace: namespaces.postgres,
      cluster,
      members: replicas > 1 ? 3 : 1,
      strictSpread: environment === "prod",
      storageClass: target.storageClass,
      certificateEpoch,
      protection,
    },
    { provider },
  );
  const certificates = new PostgresPki("postgres-pki", {
    ...{ cluster, names: serverNames(), addresses: [], epoch: certificateEpoch, protection },
  });
  const { outputs, resources } = workloads(settings, secrets, {
    provider,
    namespaces,
    etcd,
    architectures: [...new Set(target.architectures)],
    pods: [target.pods],
    servers: nodes,
    nodePorts: false, // there is no HAProxy of ours on the servers, and no firewall before them
    certificates,
    certificateAnnotations: target.certificateIssuer ? issuedBy(target.certificateIssuer) : {},
    consoles: false,
    monitoring: false, // rules and dashboards come as K3s' own HelmCharts, with the add-ons that read them
    protection,
  });
  new DestroyGuard("destroy-guard", {
    protection,
    everything: [provider, foundation, etcd, certificates, ...resources],
  });
  return outputs;
}

/** The target's class is what volumes are made of that have none of their own. */
function withStorageClass(settings: Settings, { storageClass }: ExistingTarget): Settings {
  const { postgres, minio } = settings;
  return { ...settings, postgres: { storageClass, ...postgres }, minio: { storageClass, ...minio } };
}

const issuedBy = (issuer: string) => ({ "cert-manager.io/cluster-issuer": issuer });

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
      // Otherwise changed data replaces the object, and deletes all that refers to it by name first: StatefulSets too.
      enableConfigMapMutable: true,
      enableSecretMutable: true,
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
