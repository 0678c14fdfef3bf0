import { stringify } from "yaml";
import type { Environment } from "../settings";
import { versions } from "../versions";
import type { GuardedNamespaceArgs } from "./guarded-namespace";
import { inlineChart } from "./inline-chart";
import { upgradeChart } from "./upgrades";

/** A chart that the cluster itself installs: K3s' HelmChart resource. */
export interface AddOn {
  readonly name: string;
  /** Where its pods live; absent where that is kube-system. */
  readonly namespace?: Omit<GuardedNamespaceArgs, "servers">;
  readonly spec: {
    readonly repo?: string;
    readonly chart?: string;
    readonly version?: string;
    readonly chartContent?: string;
    readonly valuesContent?: string;
    readonly targetNamespace: string;
    /** Installed before the nodes are ready, because they are not ready without it. */
    readonly bootstrap?: boolean;
    readonly backOffLimit: number;
    /** Seconds after which an unfinished installation counts as failed and is tried again. */
    readonly timeout: string;
  };
}

export interface AddOnChoices {
  readonly environment: Environment;
  readonly domain: string;
  readonly contact: string;
  readonly certManager: boolean;
  readonly monitoring: boolean;
  /** Hetzner's controllers; `network` is the private network's name, absent in a mesh. */
  readonly hetzner?: { readonly network?: string | undefined } | undefined;
  /** When and to what the K3s binary of nodes is upgraded; absent where the servers are not ours. */
  readonly upgrades?:
    | { readonly version: string; readonly startHour: number; readonly lengthHours: number }
    | undefined;
  /** The cluster addresses of etcd's members, whose metrics are collected. */
  readonly etcd: readonly string[];
}

export const GRAFANA_SECRET = "grafana-admin";
export const HCLOUD_SECRET = "hcloud";
export const MONITORING = "kube-prometheus-stack";

/** The API server reaches webhooks from the servers' addresses. */
const WEBHOOK = 10250;
const API = [6443, 6445];

/** The commodity add-ons, in the order in which they depend on each other. */
export function addOns(choices: AddOnChoices): AddOn[] {
  return [
    ...(choices.hetzner ? [cloudController(choices.hetzner.network), volumes()] : []),
    ...(choices.certManager ? [certManager(choices.environment), issuer(choices)] : []),
    ...(choices.monitoring ? [monitoring(choices)] : []),
    ...(choices.upgrades ? [upgrades(choices.upgrades)] : []),
  ];
}

const RETRIES = { backOffLimit: 1000, timeout: "600s" };

const HETZNER_CHARTS = "https://charts.hetzner.cloud";

function cloudController(network: string | undefined): AddOn {
  return {
    name: "hcloud-cloud-controller-manager",
    spec: {
      ...RETRIES,
      repo: HETZNER_CHARTS,
      chart: "hcloud-cloud-controller-manager",
      version: versions.hcloudCloudControllerManager.version,
      targetNamespace: "kube-system",
      bootstrap: true,
      valuesContent: stringify({
        // The chart's own switch would hand out the pods' ranges and make routes between them, which is flannel's work.
        networking: { enabled: false },
        env: {
          // From the network it learns the nodes' private addresses, by which they have introduced themselves.
          ...(network !== undefined && {
            HCLOUD_NETWORK: { valueFrom: { secretKeyRef: { name: HCLOUD_SECRET, key: "network" } } },
          }),
          HCLOUD_NETWORK_ROUTES_ENABLED: { value: "false" },
          HCLOUD_LOAD_BALANCERS_ENABLED: { value: "false" },
        },
      }),
    },
  };
}

function volumes(): AddOn {
  return {
    name: "hcloud-csi",
    spec: {
      ...RETRIES,
      repo: HETZNER_CHARTS,
      chart: "hcloud-csi",
      version: versions.hcloudCsi.version,
      targetNamespace: "kube-system",
      valuesContent: stringify({
        // It asks the metadata address who its server is, and pods cannot reach that.
        node: { hostNetwork: true },
        // A local disk answers sooner, and is the default; volumes are for what must move between servers.
        storageClasses: [{ name: "hcloud-volumes", defaultStorageClass: false, reclaimPolicy: "Retain" }],
      }),
    },
  };
}

function certManager(environment: Environment): AddOn {
  const replicas = environment === "prod" ? 2 : 1;
  return {
    name: "cert-manager",
    namespace: {
      namespace: "cert-manager",
      allow: [
        { to: "dns" },
        { to: "servers", ports: API },
        { to: "internet", ports: [80, 443] },
        { from: "servers", ports: [WEBHOOK] },
        { from: { namespace: "monitoring" }, ports: [9402] },
        {
          from: { namespace: "kube-system" },
          ports: [8089],
          pods: { "acme.cert-manager.io/http01-solver": "true" },
        },
      ],
    },
    spec: {
      ...RETRIES,
      repo: "https://charts.jetstack.io",
      chart: "cert-manager",
      version: versions.certManager.version,
      targetNamespace: "cert-manager",
      valuesContent: stringify({
        crds: { enabled: true, keep: true },
        replicaCount: replicas,
        webhook: { replicaCount: replicas, securePort: WEBHOOK },
        podDisruptionBudget: { enabled: environment === "prod" },
      }),
    },
  };
}

/** Let's Encrypt limits how many certificates a domain gets in a week, so only production asks the real one. */
const ACME = {
  dev: "https://acme-staging-v02.api.letsencrypt.org/directory",
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
  prod: "https://acme-v02.api.letsencrypt.org/directory",
} as const satisfies Record<Environment, string>;

export const CLUSTER_ISSUER = "letsencrypt";

function issuer({ environment, contact }: AddOnChoices): AddOn {
  return {
    name: "cluster-issuer",
    spec: {
      ...RETRIES,
      targetNamespace: "cert-manager",
      chartContent: inlineChart({
        name: "cluster-issuer",
        manifests: [
          {
            apiVersion: "cert-manager.io/v1",
            kind: "ClusterIssuer",
            metadata: { name: CLUSTER_ISSUER },
            spec: {
              acme: {
                email: contact,
                server: ACME[environment],
                privateKeySecretRef: { name: "letsencrypt-account" },
                solvers: [{ http01: { ingress: { ingressClassName: "traefik" } } }],
              },
            },
          },
        ],
      }),
    },
  };
}

function monitoring({ environment, domain, etcd }: AddOnChoices): AddOn {
  const inside = { enabled: false }; // K3s runs these in one process, which serves their metrics as its own
  return {
    name: MONITORING,
    namespace: {
      namespace: "monitoring",
      podSecurity: "privileged", // the node exporter reads the host's own counters
      allow: [
        { to: "dns" },
        { to: { namespace: "own" }, ports: [3000, 8080, 9090, 9093, 9094, WEBHOOK] },
        { from: { namespace: "own" }, ports: [3000, 8080, 9090, 9093, 9094, WEBHOOK] },
        { to: "servers", ports: [...API, 2381, 8404, 9100, 10250] },
        { from: "servers", ports: [WEBHOOK] },
        { from: { namespace: "kube-system" }, ports: [3000] },
        ...["postgres", "storage", "airflow", "datasurface", "rain-tracker", "gardenos", "cert-manager"].map(
          (namespace) => ({ to: { namespace }, ports: SCRAPED[namespace] ?? [9464] }),
        ),
        { to: "internet", ports: [443] }, // alerts leave through webhooks
      ],
    },
    spec: {
      ...RETRIES,
      repo: "https://prometheus-community.github.io/helm-charts",
      chart: MONITORING,
      version: versions.kubePrometheusStack.version,
      targetNamespace: "monitoring",
      valuesContent: stringify({
        kubeControllerManager: inside,
        kubeScheduler: inside,
        kubeProxy: inside,
        kubeEtcd: {
          enabled: etcd.length > 0,
          endpoints: [...etcd],
          service: { port: 2381, targetPort: 2381 },
        },
        prometheusOperator: { admissionWebhooks: { certManager: { enabled: false } } },
        prometheus: {
          prometheusSpec: {
            replicas: environment === "prod" ? 2 : 1,
            retention: environment === "prod" ? "30d" : "7d",
            // Monitors of all namespaces count, whoever made them: a system brings its own beside its workload.
            serviceMonitorSelectorNilUsesHelmValues: false,
            podMonitorSelectorNilUsesHelmValues: false,
            ruleSelectorNilUsesHelmValues: false,
            storageSpec: volumeClaim(environment === "prod" ? "30Gi" : "8Gi"),
          },
        },
        alertmanager: {
          alertmanagerSpec: { replicas: environment === "prod" ? 3 : 1, storage: volumeClaim("1Gi") },
        },
        grafana: {
          admin: { existingSecret: GRAFANA_SECRET, userKey: "user", passwordKey: "password" },
          ingress: {
            enabled: true,
            ingressClassName: "traefik",
            annotations: { "cert-manager.io/cluster-issuer": CLUSTER_ISSUER },
            hosts: [`grafana.${domain}`],
            tls: [{ secretName: "grafana-tls", hosts: [`grafana.${domain}`] }],
          },
        },
      }),
    },
  };
}

/** Where a namespace's pods answer the collector; the twin of each is the `metrics` allowance in namespaces.ts. */
const SCRAPED: Readonly<Record<string, readonly number[]>> = {
  postgres: [8008, 9187],
  storage: [9000],
  airflow: [9102],
  datasurface: [9464],
  "rain-tracker": [8080, 9464],
  gardenos: [8000, 8001, 9999],
  "cert-manager": [9402],
};

function volumeClaim(storage: string): object {
  return {
    volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } },
  };
}

function upgrades(plan: NonNullable<AddOnChoices["upgrades"]>): AddOn {
  return {
    name: "system-upgrade",
    namespace: {
      namespace: "system-upgrade",
      podSecurity: "privileged", // an upgrade replaces a program of the host
      allow: [{ to: "dns" }, { to: "servers", ports: API }],
    },
    spec: {
      ...RETRIES,
      targetNamespace: "system-upgrade",
      chartContent: inlineChart(
        upgradeChart({ ...plan, controller: versions.systemUpgradeController.version }),
      ),
    },
  };
}
