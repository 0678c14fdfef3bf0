import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type HetznerCluster, oidcGroup, overlayAddresses } from "../servers";
import {
  chosenImages,
  type ExistingTarget,
  fabricOf,
  type HetznerTarget,
  logsShape,
  nodesOf,
  prometheusSize,
  type Settings,
  type SettingsSecrets,
} from "../settings";
import { apiReady } from "../shared/kubernetes-api";
import { type Pin, versions } from "../shared/versions";
import { MONITORING_NAMESPACE, type WorkloadNamespace } from "../shared/workloads";
import { Access } from "./access";
import { AddOns, ClusterDns } from "./add-ons";
import { ImagePolicy } from "./admission";
import { CLUSTER_ISSUER } from "./helm";
import { type Audience, IngressMiddlewares, IngressRights, middlewareAnnotations } from "./ingress";
import { KubeSystem } from "./kube-system";
import { clientsOf, exposedBy, Foundation, forwardedTo, scrapedBy } from "./namespaces";

/** What the cluster layer passes to the layers above, on our own servers and on an existing cluster. */
export interface ClusterLayer<Key extends string> {
  /** Provider for every Kubernetes resource of the cluster. */
  readonly provider: k8s.Provider;
  /** The workloads' namespaces. Each name resolves once the namespace's network policies and quota exist. */
  readonly namespaces: Foundation<Key>["namespaces"];
  /** Processor architectures of the nodes; images are built for each. */
  readonly architectures: readonly ("amd64" | "arm64")[];
  /** CIDRs of the pods. */
  readonly podRanges: readonly string[];
  /** CIDRs that the servers connect from. */
  readonly serverRanges: pulumi.Input<readonly string[]>;
  /** Whether HAProxy on the servers reaches pods through NodePorts. */
  readonly nodePorts: boolean;
  /** How the systems expose an Ingress. */
  readonly ingress: {
    /** Annotations of an Ingress in a namespace: cert-manager issues its certificate, Traefik applies middlewares. */
    readonly annotations: (namespace: Key, audience: Audience) => Record<string, string>;
    /** Annotations of an Ingress for login paths only. @default none: nothing limits the logins of an address */
    readonly loginAnnotations?: ((namespace: Key) => Record<string, string>) | undefined;
    /** Whether the ingress controller is K3s' Traefik. Only then can an Ingress forward over TLS that our CA verifies. */
    readonly isTraefikOfK3s: boolean;
  };
  /** Whether the Prometheus operator runs: rules, dashboards and monitors need its CRDs. */
  readonly monitoring: boolean;
  /** Password of Grafana's user `admin`, where we install Grafana. @default none: Grafana is not installed */
  readonly grafanaPassword?: pulumi.Output<string> | undefined;
  /** Whether Pulumi refuses to delete or replace what cannot be recreated. */
  readonly protection: boolean;
  /** The top-level resources of this layer. */
  readonly resources: readonly pulumi.Resource[];
}

/** What the cluster is declared from. */
export interface ClusterInputs<Key extends string> {
  readonly settings: Settings;
  readonly secrets: SettingsSecrets;
  /** Our own servers. @default none: the target is an existing cluster */
  readonly servers: HetznerCluster | undefined;
  /** The namespaces that the layers above declare, by the keys under which they look them up. */
  readonly namespaces: Readonly<Record<Key, WorkloadNamespace>>;
  /** The namespaces of the systems, in which developers may work. */
  readonly systems: Readonly<Record<string, WorkloadNamespace>>;
}

/** The stack's cluster: on its own servers, or an existing one. */
export function clusterFor<Key extends string>(inputs: ClusterInputs<Key>): ClusterLayer<Key> {
  const { target } = inputs.settings;
  if (target.kind === "existing") return existingCluster(inputs, target);
  if (!inputs.servers) throw new Error("target.kind is hetzner, but no servers were declared");
  return ownCluster(inputs, target, inputs.servers);
}

function ownCluster<Key extends string>(
  { settings, secrets, namespaces, systems }: ClusterInputs<Key>,
  target: HetznerTarget,
  servers: HetznerCluster,
): ClusterLayer<Key> {
  const { environment, domain, contact, cluster } = settings;
  const { addons, network, protection } = target;
  const provider = kubernetesProvider(
    {
      kubeconfig: apiReady(servers.kubeconfig, { servers: servers.controlPlane }),
      clusterIdentifier: cluster,
    },
    servers.booted,
  );
  const nodes = nodesOf(target).length;
  const sources = servers.serverRanges.apply((at) => ({
    at,
    behind: overlayAddresses(network.pods),
    pods: network.pods,
  }));
  const foundation = new Foundation(
    "foundation",
    { environment, namespaces, servers: sources, protection },
    { provider },
  );
  const { ingressNamespaces } = target.kubernetes;
  const kubeSystem = new KubeSystem(
    "kube-system",
    {
      exposed: forwardedTo(Object.values<WorkloadNamespace>(namespaces)),
      othersExposed: ingressNamespaces,
      monitoring: addons.monitoring,
      hetzner: addons.hetzner,
      servers: sources,
    },
    { provider },
  );
  const exposed = exposedBy(Object.values<WorkloadNamespace>(namespaces));
  const addOns = new AddOns(
    "add-ons",
    {
      environment,
      domain,
      contact,
      certManager: addons.certManager,
      monitoring: addons.monitoring,
      hetzner: addons.hetzner
        ? { network: fabricOf(target.servers) === "private-network" ? cluster : undefined }
        : undefined,
      upgrades: {
        version: versions.k3s.version,
        nodes,
        ...target.kubernetes.upgradeWindow,
      },
      ingress: {
        administrators: target.access.web ?? target.access.from,
        namespaces: exposed,
      },
      etcd: servers.etcdAddresses,
      etcdMetrics: servers.etcdMetrics,
      serverMetrics: servers.serverMetrics,
      snapshotEveryHours: target.etcd.snapshotEveryHours,
      scraped: scrapedBy(Object.values<WorkloadNamespace>(namespaces)),
      asked: clientsOf(MONITORING_NAMESPACE, Object.values<WorkloadNamespace>(namespaces)),
      servers: sources,
      hcloudToken: secrets.hcloudToken,
      alerts: settings.monitoring.alerts,
      alertSecrets: secrets.alerts,
      prometheus: prometheusSize(settings),
      logs: logsShape(settings),
      logsToken: secrets.logsToken,
    },
    { provider },
  );
  const ingressRights = new IngressRights(
    "ingress-rights",
    {
      namespaces: [
        ...new Set([...exposed, ...(addons.monitoring ? [MONITORING_NAMESPACE] : []), ...ingressNamespaces]),
      ],
    },
    { provider, dependsOn: [foundation, addOns] },
  );
  const dns = nodes > 1 ? [new ClusterDns("cluster-dns", { servers: nodes }, { provider })] : [];
  const access = new Access(
    "access",
    {
      ...groupsOf(target, servers),
      namespaces: Object.values(systems).map(({ name }) => name),
    },
    { provider, dependsOn: foundation },
  );
  const images = new ImagePolicy(
    "image-policy",
    {
      namespaces: Object.values<WorkloadNamespace>(namespaces).map(({ name }) => name),
      repository: settings.images.repository,
      others: otherImages(settings),
    },
    { provider, dependsOn: foundation },
  );
  return {
    provider,
    namespaces: foundation.namespaces,
    architectures: [...new Set(nodesOf(target).map(({ architecture }) => architecture))],
    podRanges: [network.pods],
    serverRanges: servers.serverRanges,
    nodePorts: true,
    ingress: {
      ...ingressOf({ namespaces, issuer: CLUSTER_ISSUER, traefik: true }),
      isTraefikOfK3s: true,
    },
    monitoring: addons.monitoring,
    grafanaPassword: addOns.grafanaPassword,
    protection,
    resources: [provider, foundation, kubeSystem, addOns, ingressRights, ...dns, access, images],
  };
}

/** The repositories of the images that the program does not build: those that it pins, and those of the settings. */
function otherImages(settings: Settings): string[] {
  const pinned = Object.values<Pin>(versions).flatMap(({ image }) => image ?? []);
  return [...new Set([...pinned, ...chosenImages(settings)].map(repositoryOf))];
}

/** An image's name without tag and digest. The host of a registry may have a port. */
const repositoryOf = (image: string): string => image.replace(/@.*$/, "").replace(/:[^/]*$/, "");

/** The groups of the kubeconfigs, and those of the OIDC issuer with the same rights. */
function groupsOf({ kubernetes: { oidc } }: HetznerTarget, { groups }: HetznerCluster) {
  const ofIssuer = (names: readonly string[] = []) => names.map(oidcGroup);
  return {
    administrators: ofIssuer(oidc?.administrators),
    developers: [groups.developer, ...ofIssuer(oidc?.developers)],
    readers: [groups.reader, ...ofIssuer(oidc?.readers)],
  };
}

/** A cluster whose servers, add-ons and upgrades are managed elsewhere. */
function existingCluster<Key extends string>(
  { settings: { environment }, secrets: { kubeconfig }, namespaces }: ClusterInputs<Key>,
  { context, nodes, pods, architectures, certificateIssuer, traefik, protection }: ExistingTarget,
): ClusterLayer<Key> {
  if (!kubeconfig) throw new Error("target.kind is existing, but the secret kubeconfig is missing");
  const ready = apiReady(kubeconfig, context === undefined ? {} : { context });
  const provider = kubernetesProvider({ kubeconfig: ready, context });
  const foundation = new Foundation(
    "foundation",
    { environment, namespaces, servers: { at: nodes }, protection },
    { provider },
  );
  const middlewares =
    traefik &&
    new IngressMiddlewares(
      "ingress-middlewares",
      { namespaces: exposedBy(Object.values<WorkloadNamespace>(namespaces)), administrators: traefik.web },
      { provider, dependsOn: foundation },
    );
  return {
    provider,
    namespaces: foundation.namespaces,
    architectures: [...new Set(architectures)],
    podRanges: [pods],
    serverRanges: nodes,
    nodePorts: false, // no HAProxy of ours runs on the nodes, and no firewall of ours protects the ports
    ingress: {
      ...ingressOf({ namespaces, issuer: certificateIssuer, traefik: traefik !== undefined }),
      isTraefikOfK3s: false,
    },
    monitoring: false, // K3s' Helm controller, which installs rules and dashboards, is missing here
    protection,
    resources: [provider, foundation, ...(middlewares ? [middlewares] : [])],
  };
}

/** How an Ingress is annotated: with the ClusterIssuer, if there is one, and with middlewares, if Traefik reads them. */
function ingressOf<Key extends string>({
  namespaces,
  issuer,
  traefik,
}: {
  namespaces: Readonly<Record<Key, WorkloadNamespace>>;
  issuer: string | undefined;
  traefik: boolean;
}) {
  const applied = (namespace: Key, audience: Audience): Record<string, string> =>
    traefik ? middlewareAnnotations(namespaces[namespace].name, audience) : {};
  return {
    annotations: (namespace: Key, audience: Audience): Record<string, string> => ({
      ...(issuer && { "cert-manager.io/cluster-issuer": issuer }),
      ...applied(namespace, audience),
    }),
    loginAnnotations: traefik ? (namespace: Key) => applied(namespace, "logins") : undefined,
  };
}

function kubernetesProvider(
  access: { kubeconfig: pulumi.Output<string>; context?: string | undefined; clusterIdentifier?: string },
  dependsOn: readonly pulumi.Resource[] = [],
): k8s.Provider {
  return new k8s.Provider(
    "kubernetes",
    {
      kubeconfig: access.kubeconfig,
      ...(access.context && { context: access.context }),
      // Without an identifier, an API at a new address counts as another cluster, and Pulumi replaces everything on it.
      ...(access.clusterIdentifier && { clusterIdentifier: access.clusterIdentifier }),
      // Otherwise changed data replaces the object. Pulumi then first deletes whatever refers to it by name,
      // StatefulSets included.
      enableConfigMapMutable: true,
      enableSecretMutable: true,
    },
    { dependsOn: [...dependsOn] },
  );
}
