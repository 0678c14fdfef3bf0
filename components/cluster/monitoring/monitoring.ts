import { stringify } from "yaml";
import { etcdAlerts, serverAlerts } from "../../servers";
import { API_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import { versions } from "../../shared/versions";
import { MONITORING_NAMESPACE, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { PROMETHEUS_RESOURCES } from "../capacity";
import { type AddOn, type AddOnChoices, CLUSTER_ISSUER, RETRIES, WEBHOOK } from "../helm";
import { middlewareAnnotations } from "../ingress";
import { ACME_SOLVER } from "../namespaces";

export const GRAFANA_SECRET = "grafana-admin";
export const MONITORING = "kube-prometheus-stack";

/** Prometheus, Alertmanager, Grafana and the exporters that they need. */
export function monitoring(choices: AddOnChoices): AddOn {
  const { environment, domain, etcd, snapshotEveryHours, scraped, asked = [], ingress } = choices;
  const inside = { enabled: false }; // K3s runs these in its own process, which serves their metrics
  return {
    name: MONITORING,
    namespace: {
      namespace: MONITORING_NAMESPACE,
      podSecurity: "privileged", // the node exporter reads the host's counters
      allow: [
        { to: "dns" },
        { to: { namespace: "own" }, ports: [3000, 8080, 9090, 9093, 9094, WEBHOOK] },
        { from: { namespace: "own" }, ports: [3000, 8080, 9090, 9093, 9094, WEBHOOK] },
        {
          to: "servers",
          ports: [
            ...API_PORTS,
            SERVER_PORTS.etcdMetrics,
            SERVER_PORTS.haproxyStatus,
            SERVER_PORTS.nodeExporter,
            SERVER_PORTS.kubelet,
          ],
        },
        { from: "servers", ports: [WEBHOOK] },
        { from: { namespace: SYSTEM_NAMESPACE }, ports: [3000] },
        ACME_SOLVER,
        ...scraped.map(({ namespace, ports }) => ({ to: { namespace }, ports })),
        ...asked,
        { to: "internet", ports: [443] }, // Alertmanager sends alerts to webhooks
      ],
    },
    spec: {
      ...RETRIES,
      repo: "https://prometheus-community.github.io/helm-charts",
      chart: MONITORING,
      version: versions.kubePrometheusStack.version,
      targetNamespace: MONITORING_NAMESPACE,
      valuesContent: stringify({
        kubeControllerManager: inside,
        kubeScheduler: inside,
        kubeProxy: inside,
        kubeEtcd: {
          enabled: etcd.length > 0,
          endpoints: [...etcd],
          service: { port: SERVER_PORTS.etcdMetrics, targetPort: SERVER_PORTS.etcdMetrics },
        },
        additionalPrometheusRulesMap: {
          etcd: {
            groups: [
              {
                name: "etcd",
                rules: etcdAlerts({ members: etcd.length, snapshotEveryHours, job: "kube-etcd" }),
              },
            ],
          },
          servers: { groups: [{ name: "servers", rules: serverAlerts() }] },
        },
        "prometheus-node-exporter": { extraArgs: NODE_EXPORTER },
        prometheusOperator: { admissionWebhooks: { certManager: { enabled: false } } },
        prometheus: {
          prometheusSpec: {
            replicas: environment === "prod" ? 2 : 1,
            retention: environment === "prod" ? "30d" : "7d",
            // Use the monitors and rules of all namespaces: each system declares its own next to its workload.
            serviceMonitorSelectorNilUsesHelmValues: false,
            podMonitorSelectorNilUsesHelmValues: false,
            ruleSelectorNilUsesHelmValues: false,
            resources: PROMETHEUS_RESOURCES, // else the namespace's limit for containers that ask for nothing
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
            annotations: {
              "cert-manager.io/cluster-issuer": CLUSTER_ISSUER,
              ...(ingress && middlewareAnnotations(MONITORING_NAMESPACE, "administrators")),
            },
            hosts: [`grafana.${domain}`],
            tls: [{ secretName: "grafana-tls", hosts: [`grafana.${domain}`] }],
          },
        },
      }),
    },
  };
}

/**
 * The chart's default arguments, which a list in the values replaces, and the folder into which the servers' timers
 * write metrics about their runs.
 */
const NODE_EXPORTER = [
  "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|var/lib/kubelet/.+)($|/)",
  "--collector.filesystem.fs-types-exclude=^(autofs|cgroup2?|devpts|mqueue|overlay|proc|squashfs|sysfs|tmpfs)$",
  "--collector.textfile.directory=/host/root/var/lib/trellis/metrics",
];

function volumeClaim(storage: string): object {
  return {
    volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } },
  };
}
