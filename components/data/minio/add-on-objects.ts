import type { InlineChart, Manifest } from "../../cluster";
import { minioAlerts } from "./alerts";
import { hostOf, LABELS, MINIO, MINIO_NAMESPACE } from "./names";
import { CONSOLE_SERVER_NAME, SERVERS_TRANSPORT } from "./servers";

export interface AddOnObjectsArgs {
  /** Whether Traefik leads browsers to the console. */
  readonly console: boolean;
  /** Whether there is a Prometheus to collect and to alert. */
  readonly monitoring: boolean;
  /** How many drives reads and writes need. */
  readonly quorums: { readonly read: number; readonly write: number };
}

export const METRICS_TOKEN_KEY = "token";

/** What add-ons are told of object storage. Their CRDs come with them, so these objects come as a chart that waits. */
export function addOnObjects({ console, monitoring, quorums }: AddOnObjectsArgs): InlineChart {
  return {
    name: "minio-add-on-objects",
    manifests: [
      ...(console ? [consoleTransport] : []),
      ...(monitoring ? [serviceMonitor, prometheusRule(quorums)] : []),
    ],
  };
}

const metadata = (name: string) => ({ name, namespace: MINIO_NAMESPACE, labels: LABELS.servers });

/** Traefik checks the console's certificate against our authority. */
const consoleTransport: Manifest = {
  apiVersion: "traefik.io/v1alpha1",
  kind: "ServersTransport",
  metadata: metadata(SERVERS_TRANSPORT),
  spec: { serverName: CONSOLE_SERVER_NAME, rootCAs: [{ secret: MINIO.authoritySecret }] },
};

/** Every server is asked, those that are not ready too: an answer that is missing is an alert. */
const serviceMonitor: Manifest = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "ServiceMonitor",
  metadata: metadata(MINIO.statefulSet),
  spec: {
    selector: { matchLabels: LABELS.peers },
    endpoints: ["cluster", "node"].map((scope) => ({
      port: "api",
      scheme: "https",
      path: `/minio/v2/metrics/${scope}`,
      interval: "1m",
      // Two questions to one server would otherwise be one series.
      relabelings: [{ sourceLabels: ["__metrics_path__"], targetLabel: "metrics_path" }],
      authorization: { credentials: { name: MINIO.metricsSecret, key: METRICS_TOKEN_KEY } },
      tlsConfig: {
        serverName: hostOf(MINIO.api),
        ca: { secret: { name: MINIO.authoritySecret, key: "ca.crt" } },
      },
    })),
  },
};

const prometheusRule = (quorums: AddOnObjectsArgs["quorums"]): Manifest => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: metadata(MINIO.statefulSet),
  spec: { groups: [{ name: "minio", rules: minioAlerts(quorums) }] },
});
