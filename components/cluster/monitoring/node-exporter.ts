import { stringify } from "yaml";

/** The certificate of the servers' metrics, for the node exporters. */
export const SERVER_METRICS_SECRET = "server-metrics";

const FOLDER = "/etc/server-metrics";
const WEB_CONFIG = "web.yml";

/** The exporter's configuration beside `tls.crt` and `tls.key`, which it reads again for each connection. */
export const EXPORTER_TLS = {
  [WEB_CONFIG]: stringify({
    tls_server_config: { cert_file: "tls.crt", key_file: "tls.key", min_version: "TLS12" },
  }),
};

/**
 * The chart's default arguments, which a list in the values replaces, and the folder into which the servers' timers
 * write metrics about their runs.
 */
const ARGUMENTS = [
  "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|var/lib/kubelet/.+)($|/)",
  "--collector.filesystem.fs-types-exclude=^(autofs|cgroup2?|devpts|mqueue|overlay|proc|squashfs|sysfs|tmpfs)$",
  "--collector.textfile.directory=/host/root/var/lib/trellis/metrics",
];

/** Values of the chart prometheus-node-exporter. With `tlsConfig`, Prometheus verifies the exporters by it. */
export function nodeExporter(tlsConfig?: object): object {
  // Alerts name the server by its node, as Kubernetes' own metrics do.
  const relabelings = [{ sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "node" }];
  if (!tlsConfig) return { extraArgs: ARGUMENTS, prometheus: { monitor: { relabelings } } };
  const probe = { httpGet: { scheme: "https" } };
  return {
    extraArgs: [...ARGUMENTS, `--web.config.file=${FOLDER}/${WEB_CONFIG}`],
    secrets: [{ name: SERVER_METRICS_SECRET, mountPath: FOLDER }],
    livenessProbe: probe,
    readinessProbe: probe,
    prometheus: { monitor: { relabelings, scheme: "https", tlsConfig } },
  };
}
