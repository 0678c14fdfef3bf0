import { stringify } from "yaml";
import { etcdAlerts, haproxyAlerts, METRICS_HOST, serverAlerts } from "../../servers";
import { API_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import { versions } from "../../shared/versions";
import { MONITORING_NAMESPACE, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { prometheusResources } from "../capacity";
import { type AddOn, type AddOnChoices, CLUSTER_ISSUER, pinnedChart, RETRIES, WEBHOOK } from "../helm";
import { middlewareAnnotations } from "../ingress";
import { logsInGrafana, logsMetrics } from "../logs";
import { ACME_SOLVER } from "../namespaces";
import { ingressCertificateAlerts } from "./certificate-alerts";
import { nodeExporter } from "./node-exporter";
import { RECEIVERS_SECRET } from "./receivers";
import { CERT_MANAGER, haproxyScrape, podMonitors, SYSTEM_METRICS } from "./scrapes";

export const GRAFANA_SECRET = "grafana-admin";
export const ETCD_CLIENT_SECRET = "etcd-metrics-client";
export const MONITORING = "kube-prometheus-stack";

/** Secret with Alertmanager's configuration, under the name that the Prometheus operator reads. */
export const ALERTMANAGER_SECRET = "alertmanager-configuration";
export const ALERTMANAGER_FILE = "alertmanager.yaml";

/** The StatefulSet that the operator makes of the chart's Alertmanager, and the labels of its pods. */
export const ALERTMANAGER = `alertmanager-${MONITORING}-alertmanager`;
const ALERTMANAGER_PODS = { "app.kubernetes.io/name": "alertmanager" };

/** The operator mounts the Secrets that it is given there. */
const ETCD_CLIENT_FILES = `/etc/prometheus/secrets/${ETCD_CLIENT_SECRET}`;

/** Prometheus, Alertmanager, Grafana and the exporters that they need. */
export function monitoring(choices: AddOnChoices): AddOn {
  const {
    environment,
    domain,
    etcd,
    snapshotEveryHours,
    scraped,
    metricsOverTls = false,
    asked = [],
    ingress,
    alerts,
    prometheus,
    certManager,
    logs,
  } = choices;
  const tls = metricsOverTls
    ? { caFile: `${ETCD_CLIENT_FILES}/ca.crt`, serverName: METRICS_HOST }
    : undefined;
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
        // Alertmanagers tell each other what they have sent, mostly by UDP. Without it, each of them sends each alert.
        { to: { namespace: "own" }, ports: [9094], protocol: "UDP" },
        { from: { namespace: "own" }, ports: [9094], protocol: "UDP" },
        {
          to: "servers",
          ports: [
            ...API_PORTS,
            SERVER_PORTS.etcdClient,
            SERVER_PORTS.haproxyStatus,
            SERVER_PORTS.nodeExporter,
            SERVER_PORTS.kubelet,
          ],
        },
        { from: "servers", ports: [WEBHOOK] },
        { from: { namespace: SYSTEM_NAMESPACE }, ports: [3000] },
        ACME_SOLVER,
        ...[...scraped, CERT_MANAGER, SYSTEM_METRICS, ...(logs ? [logsMetrics(logs)] : [])].map(
          ({ namespace, ports }) => ({
            to: { namespace },
            ports,
          }),
        ),
        ...asked,
        { to: "internet", ports: [443] }, // Alertmanager sends alerts to webhooks
        ...(alerts.email && alerts.email.port !== 443
          ? [{ to: "internet", ports: [alerts.email.port], pods: ALERTMANAGER_PODS } as const]
          : []),
      ],
    },
    spec: {
      ...RETRIES,
      ...pinnedChart(
        "https://prometheus-community.github.io/helm-charts",
        MONITORING,
        versions.kubePrometheusStack,
      ),
      targetNamespace: MONITORING_NAMESPACE,
      valuesContent: stringify({
        kubeControllerManager: inside,
        kubeScheduler: inside,
        kubeProxy: inside,
        kubeEtcd: {
          enabled: etcd.length > 0,
          endpoints: [...etcd],
          // Metrics in clear are on the members' loopback only.
          service: { port: SERVER_PORTS.etcdClient, targetPort: SERVER_PORTS.etcdClient },
          serviceMonitor: {
            scheme: "https",
            caFile: `${ETCD_CLIENT_FILES}/ca.crt`,
            certFile: `${ETCD_CLIENT_FILES}/tls.crt`,
            keyFile: `${ETCD_CLIENT_FILES}/tls.key`,
          },
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
          edge: { groups: [{ name: "edge", rules: haproxyAlerts() }] },
          ...(certManager && {
            certificates: { groups: [{ name: "certificates", rules: ingressCertificateAlerts() }] },
          }),
        },
        "prometheus-node-exporter": nodeExporter(tls),
        prometheusOperator: { admissionWebhooks: { certManager: { enabled: false } } },
        prometheus: {
          additionalPodMonitors: podMonitors({ certManager }),
          prometheusSpec: {
            additionalScrapeConfigs: [haproxyScrape(tls)],
            replicas: prometheus.replicas,
            retention: `${prometheus.retentionDays}d`,
            // A full volume stops Prometheus, and its log of the last hours is not counted here.
            retentionSize: `${Math.floor(prometheus.volumeGib * 1024 * 0.85)}MiB`,
            // Use the monitors and rules of all namespaces: each system declares its own next to its workload.
            serviceMonitorSelectorNilUsesHelmValues: false,
            podMonitorSelectorNilUsesHelmValues: false,
            ruleSelectorNilUsesHelmValues: false,
            scrapeConfigSelectorNilUsesHelmValues: false,
            secrets: etcd.length > 0 ? [ETCD_CLIENT_SECRET] : [],
            resources: prometheusResources(prometheus),
            storageSpec: volumeClaim(`${prometheus.volumeGib}Gi`),
          },
        },
        alertmanager: {
          alertmanagerSpec: {
            replicas: environment === "prod" ? 3 : 1,
            storage: volumeClaim("1Gi"),
            useExistingSecret: true,
            configSecret: ALERTMANAGER_SECRET,
            secrets: [RECEIVERS_SECRET],
          },
        },
        grafana: {
          ...(logs?.kind === "store" && logsInGrafana(versions.victoriaLogsDatasource)),
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

function volumeClaim(storage: string): object {
  return {
    volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } },
  };
}
