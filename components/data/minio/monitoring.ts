import { hostOf } from "../../shared/pods";
import type { WorkloadMetrics } from "../../shared/workloads";
import { minioAlerts, type Quorums } from "./alerts";
import { LABELS, MINIO } from "./names";

/** Key of the token with which Prometheus reads the metrics, in its Secret. */
export const METRICS_TOKEN_KEY = "token";

/** Prometheus scrapes every server, ready or not: a server that does not answer is an alert. */
export const minioMetrics = (namespace: string, quorums: Quorums): WorkloadMetrics => ({
  object: { name: MINIO.statefulSet, labels: LABELS.servers },
  scrape: {
    through: "service",
    selector: LABELS.peers,
    endpoints: ["cluster", "node"].map((scope) => ({
      port: "api",
      scheme: "https",
      path: `/minio/v2/metrics/${scope}`,
      interval: "1m",
      // Without this label, the two scrapes of one server would be one series.
      relabelings: [{ sourceLabels: ["__metrics_path__"], targetLabel: "metrics_path" }],
      authorization: { credentials: { name: MINIO.metricsSecret, key: METRICS_TOKEN_KEY } },
      tlsConfig: {
        serverName: hostOf(MINIO.api, namespace),
        ca: { secret: { name: MINIO.authoritySecret, key: "ca.crt" } },
      },
    })),
  },
  alerts: minioAlerts(quorums),
});
