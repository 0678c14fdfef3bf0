import type { InlineChart, Manifest } from "../../cluster";
import { minioAlerts } from "./alerts";
import { hostOf, LABELS, MINIO, MINIO_NAMESPACE } from "./names";
import { CONSOLE_SERVER_NAME, SERVERS_TRANSPORT } from "./servers";

export interface AddOnObjectsArgs {
  /** Whether Traefik forwards browsers to the console. */
  readonly console: boolean;
  /** Whether Prometheus runs in the cluster; adds the ServiceMonitor and the alerts. */
  readonly monitoring: boolean;
  /** How many drives must be online for reads and for writes; with fewer, an alert fires. */
  readonly quorums: { readonly read: number; readonly write: number };
}

export const METRICS_TOKEN_KEY = "token";

/**
 * The add-ons' objects for object storage: Traefik's transport, the ServiceMonitor and the alerts. Their CRDs arrive
 * with the add-ons, so these objects come as an inline chart that the cluster retries.
 */
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

/** Traefik verifies the console's certificate with our CA. */
const consoleTransport: Manifest = {
  apiVersion: "traefik.io/v1alpha1",
  kind: "ServersTransport",
  metadata: metadata(SERVERS_TRANSPORT),
  spec: { serverName: CONSOLE_SERVER_NAME, rootCAs: [{ secret: MINIO.authoritySecret }] },
};

/** Prometheus scrapes every server, ready or not: a server that does not answer is an alert. */
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
      // Without this label, the two scrapes of one server would be one series.
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
