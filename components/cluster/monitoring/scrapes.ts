import { SERVER_PORTS } from "../../shared/address-plan";
import { type Destination, SYSTEM_NAMESPACE } from "../../shared/workloads";

/** Metrics of K3s' own workloads: of CoreDNS, which the chart scrapes, and of Traefik. */
export const SYSTEM_METRICS: Destination = { namespace: SYSTEM_NAMESPACE, ports: [9100, 9153] };

/** Labels of the pods of K3s' Traefik. */
export const TRAEFIK_PODS = { "app.kubernetes.io/name": "traefik" } as const;

/** Metrics of cert-manager. Its namespace's policies allow the connections whether it is installed or not. */
export const CERT_MANAGER: Destination = { namespace: "cert-manager", ports: [9402] };

/** PodMonitors of workloads that K3s and other charts install. */
export const podMonitors = ({ certManager }: { readonly certManager: boolean }) => [
  {
    name: "traefik",
    namespaceSelector: { matchNames: [SYSTEM_NAMESPACE] },
    selector: { matchLabels: TRAEFIK_PODS },
    podMetricsEndpoints: [{ port: "metrics", interval: "30s" }],
  },
  ...(certManager
    ? [
        {
          name: "cert-manager",
          namespaceSelector: { matchNames: [CERT_MANAGER.namespace] },
          selector: { matchLabels: { "app.kubernetes.io/component": "controller" } },
          podMetricsEndpoints: [{ port: "http-metrics", interval: "1m" }],
        },
      ]
    : []),
];

/**
 * Prometheus' own configuration for HAProxy, which is no pod: it runs on each node of the cluster. With `tls`, HAProxy
 * serves its metrics over TLS.
 */
export const haproxyScrape = (tls?: { readonly caFile: string; readonly serverName: string }) => ({
  job_name: "haproxy",
  scrape_interval: "15s",
  ...(tls && { scheme: "https", tls_config: { ca_file: tls.caFile, server_name: tls.serverName } }),
  kubernetes_sd_configs: [{ role: "node" }],
  relabel_configs: [
    {
      source_labels: ["__meta_kubernetes_node_address_InternalIP"],
      target_label: "__address__",
      replacement: `$1:${SERVER_PORTS.haproxyStatus}`,
    },
    { source_labels: ["__meta_kubernetes_node_name"], target_label: "node" },
  ],
});
