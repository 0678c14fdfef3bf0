import { stringify } from "yaml";
import type { Environment } from "../../settings";
import { API_PORTS } from "../../shared/address-plan";
import { pinnedImage } from "../../shared/pinned-image";
import { versions } from "../../shared/versions";
import { MONITORING_NAMESPACE, SYSTEM_NAMESPACE } from "../../shared/workloads";
import {
  type AddOn,
  type AddOnChoices,
  CLUSTER_ISSUER,
  inlineChart,
  pinnedChart,
  RETRIES,
  WEBHOOK,
} from "../helm";
import { middlewares } from "../ingress";
import { logs } from "../logs";
import { CERT_MANAGER, monitoring } from "../monitoring";
import { upgradeChart } from "./upgrades";

export const HCLOUD_SECRET = "hcloud";

/** The standard add-ons, in dependency order. */
export function addOns(choices: AddOnChoices): AddOn[] {
  return [
    ...(choices.hetzner ? [cloudController(choices.hetzner.network), volumes()] : []),
    ...(choices.certManager ? [certManager(choices.environment), issuer(choices)] : []),
    ...(choices.monitoring ? [monitoring(choices)] : []),
    ...(choices.logs
      ? [logs({ shape: choices.logs, token: choices.logsToken ?? false, monitoring: choices.monitoring })]
      : []),
    ...(choices.upgrades ? [upgrades(choices.upgrades)] : []),
    ...(choices.ingress ? [ingressMiddlewares(choices.ingress, choices.monitoring)] : []),
  ];
}

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
        // `networking.enabled` would also allocate the pods' ranges and create routes between them, which flannel does.
        networking: { enabled: false },
        env: {
          // The controller reads the nodes' private addresses from this network; the nodes registered with those
          // addresses.
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
        // The driver reads its server's identity from the metadata address, which pods cannot reach.
        node: { hostNetwork: true },
        // The default class stays the local disk, which is faster. Hetzner volumes are for data that must move between
        // servers.
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
      namespace: CERT_MANAGER.namespace,
      allow: [
        { to: "dns" },
        { to: "servers", ports: API_PORTS },
        { to: "internet", ports: [80, 443] },
        { from: "servers", ports: [WEBHOOK] },
        { from: { namespace: MONITORING_NAMESPACE }, ports: CERT_MANAGER.ports },
        {
          from: { namespace: SYSTEM_NAMESPACE },
          ports: [8089],
          pods: { "acme.cert-manager.io/http01-solver": "true" },
        },
      ],
    },
    spec: {
      ...RETRIES,
      ...pinnedChart("https://charts.jetstack.io", "cert-manager", versions.certManager),
      targetNamespace: CERT_MANAGER.namespace,
      valuesContent: stringify({
        crds: { enabled: true, keep: true },
        replicaCount: replicas,
        webhook: { replicaCount: replicas, securePort: WEBHOOK },
        podDisruptionBudget: { enabled: environment === "prod" },
      }),
    },
  };
}

/** Let's Encrypt limits the certificates of a domain per week, so only prod uses its production endpoint. */
const ACME = {
  dev: "https://acme-staging-v02.api.letsencrypt.org/directory",
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
  prod: "https://acme-v02.api.letsencrypt.org/directory",
} as const satisfies Record<Environment, string>;

function issuer({ environment, contact }: AddOnChoices): AddOn {
  return {
    name: "cluster-issuer",
    spec: {
      ...RETRIES,
      targetNamespace: CERT_MANAGER.namespace,
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

/** The middlewares of all namespaces with an Ingress, as a chart: their CRD arrives with K3s' Traefik. */
function ingressMiddlewares(
  { administrators, namespaces }: NonNullable<AddOnChoices["ingress"]>,
  withMonitoring: boolean,
): AddOn {
  const all = [...namespaces, ...(withMonitoring ? [MONITORING_NAMESPACE] : [])];
  return {
    name: "ingress-middlewares",
    spec: {
      ...RETRIES,
      targetNamespace: SYSTEM_NAMESPACE,
      chartContent: inlineChart({
        name: "ingress-middlewares",
        manifests: all.flatMap((namespace) => middlewares(namespace, administrators)),
      }),
    },
  };
}

function upgrades(plan: NonNullable<AddOnChoices["upgrades"]>): AddOn {
  return {
    name: "system-upgrade",
    namespace: {
      namespace: "system-upgrade",
      podSecurity: "privileged", // an upgrade replaces the K3s binary on the host
      allow: [{ to: "dns" }, { to: "servers", ports: API_PORTS }],
    },
    spec: {
      ...RETRIES,
      targetNamespace: "system-upgrade",
      chartContent: inlineChart(
        upgradeChart({ ...plan, controller: pinnedImage(versions.systemUpgradeController) }),
      ),
    },
  };
}
