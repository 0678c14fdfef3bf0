import type { LogsShape } from "../../settings";
import { API_PORTS } from "../../shared/address-plan";
import { type Allowance, type Destination, MONITORING_NAMESPACE } from "../../shared/workloads";
import { type AddOn, inlineChart, type Manifest, RETRIES } from "../helm";
import { agents } from "./agent";
import { logAlerts } from "./alerts";
import { LABELS, LOGS, LOGS_URL } from "./names";
import { store } from "./store";

export interface LogsChoices {
  /** A store in the cluster, or the address of one elsewhere. */
  readonly shape: LogsShape;
  /** Whether the Secret with a token for the endpoint exists. */
  readonly token: boolean;
  /** Whether Prometheus and Grafana run in the cluster. */
  readonly monitoring: boolean;
}

/** What Prometheus scrapes and Grafana asks in the namespace of the logs. */
export const logsMetrics = ({ kind }: LogsShape): Destination => ({
  namespace: LOGS.namespace,
  ports: kind === "store" ? [LOGS.ports.store, LOGS.ports.agent] : [LOGS.ports.agent],
});

/** The store of logs, unless it is elsewhere, and an agent on each server. */
export function logs({ shape, token, monitoring }: LogsChoices): AddOn {
  const own = shape.kind === "store";
  const target = { url: own ? `${LOGS_URL}/insert/native` : shape.endpoint, token };
  return {
    name: LOGS.namespace,
    namespace: {
      namespace: LOGS.namespace,
      podSecurity: "privileged", // the agents read the logs of the host, as root
      allow: [
        { to: "dns" },
        { to: "servers", ports: API_PORTS, pods: LABELS.agent },
        ...(own
          ? between
          : [{ to: "internet", ports: [portOf(shape.endpoint)], pods: LABELS.agent } as const]),
        ...(monitoring
          ? [{ from: { namespace: MONITORING_NAMESPACE }, ports: logsMetrics(shape).ports } as const]
          : []),
      ],
    },
    spec: {
      ...RETRIES,
      targetNamespace: LOGS.namespace,
      chartContent: inlineChart({
        name: LOGS.namespace,
        manifests: [...(own ? store(shape) : []), ...agents(target), ...(monitoring ? monitors(own) : [])],
      }),
    },
  };
}

const portOf = (url: string) => Number(new URL(url).port || 443);

const between: readonly Allowance[] = [
  {
    to: { namespace: "own", pods: LABELS.store },
    ports: [LOGS.ports.store],
    pods: LABELS.agent,
  },
  {
    from: { namespace: "own", pods: LABELS.agent },
    ports: [LOGS.ports.store],
    pods: LABELS.store,
  },
];

/** What Prometheus reads, and the alerts. */
function monitors(ownStore: boolean): Manifest[] {
  const apiVersion = "monitoring.coreos.com/v1";
  const monitor = (part: "store" | "agent"): Manifest => ({
    apiVersion,
    kind: "PodMonitor",
    metadata: { name: LOGS[part], namespace: LOGS.namespace, labels: LABELS[part] },
    spec: {
      selector: { matchLabels: LABELS[part] },
      podMetricsEndpoints: [{ port: "http", interval: "30s" }],
    },
  });
  const rules = logAlerts().filter(({ alert }) => ownStore || alert !== "LogStoreDown");
  return [
    ...(ownStore ? [monitor("store")] : []),
    monitor("agent"),
    {
      apiVersion,
      kind: "PrometheusRule",
      metadata: { name: LOGS.namespace, namespace: LOGS.namespace, labels: LABELS.agent },
      spec: { groups: [{ name: LOGS.namespace, rules }] },
    },
  ];
}

/** Grafana's plugin and data source for the store, as values of its chart. Explore shows the logs. */
export function logsInGrafana(plugin: { readonly version: string }): Manifest {
  const type = "victoriametrics-logs-datasource";
  return {
    // Grafana starts without waiting for the download, and so starts without the internet too.
    env: { GF_PLUGINS_PREINSTALL: `${type}@${plugin.version}` },
    additionalDataSources: [{ name: "Logs", type, uid: "logs", access: "proxy", url: LOGS_URL }],
  };
}
