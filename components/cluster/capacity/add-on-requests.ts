import type { Environment, LogsShape, PrometheusSize } from "../../settings";
import { DEFAULT_REQUEST } from "../namespaces";
import { cpuMillis, memoryMib, plus, type Room, times, type Workload } from "./requests";

/** A container whose chart asks for nothing gets the default of its namespace's LimitRange. */
const USUAL: Room = {
  cpuMillis: cpuMillis(DEFAULT_REQUEST.cpu),
  memoryMib: memoryMib(DEFAULT_REQUEST.memory),
};

const room = (cpu: number, memory: number): Room => ({ cpuMillis: cpu, memoryMib: memory });

const PROMETHEUS_CPU = "200m";

/** What a Prometheus asks for and may use. Without it, it gets the limit of containers that ask for nothing. */
export const prometheusResources = ({ memoryMib: limit, requestMib }: PrometheusSize) => ({
  requests: { cpu: PROMETHEUS_CPU, memory: `${requestMib}Mi` },
  limits: { memory: `${limit}Mi` },
});

export interface AddOnPods {
  readonly environment: Environment;
  /** Number of servers, each of which may run a pod of the ingress. */
  readonly servers: number;
  readonly certManager: boolean;
  readonly monitoring: boolean;
  readonly hetzner: boolean;
  readonly prometheus: PrometheusSize;
  /** @default nobody collects logs */
  readonly logs?: LogsShape | undefined;
}

const MOST_DNS_PODS = 3;

/** The pods of CoreDNS in a cluster of so many servers. */
export const clusterDnsPods = (servers: number): number => Math.min(MOST_DNS_PODS, servers);

type Pods = readonly [name: string, replicas: number, requests: Room, kind?: Workload["kind"]];

/**
 * What K3s and the add-ons' charts ask for, by the figures of the pinned releases. Their pods come from charts, so the
 * program does not declare them.
 */
export function addOnWorkloads({
  environment,
  servers,
  certManager,
  monitoring,
  hetzner,
  prometheus,
  logs,
}: AddOnPods): Workload[] {
  const several = environment === "prod" ? 2 : 1;
  return [
    ...inNamespace("kube-system", [
      ["coredns", clusterDnsPods(servers), room(100, 70)],
      ["metrics-server", 1, room(100, 70)],
      ["local-path-provisioner", 1, room(0, 0)],
      ["traefik", Math.min(3, servers), room(100, 128)],
      ...(hetzner
        ? [
            ["hcloud-cloud-controller-manager", 1, room(100, 50)] as const,
            ["hcloud-csi-controller", 1, room(0, 0)] as const,
          ]
        : []),
    ]),
    ...inNamespace("system-upgrade", [
      ["system-upgrade-controller", 1, room(25, 64)],
      ["kured", 1, room(10, 32), "DaemonSet"],
    ]),
    ...(certManager
      ? inNamespace("cert-manager", [
          ["cert-manager", several, USUAL],
          ["cert-manager-webhook", several, USUAL],
          ["cert-manager-cainjector", 1, USUAL],
        ])
      : []),
    ...(monitoring
      ? inNamespace("monitoring", [
          [
            "prometheus",
            prometheus.replicas,
            plus(room(cpuMillis(PROMETHEUS_CPU), prometheus.requestMib), USUAL),
          ],
          ["alertmanager", environment === "prod" ? 3 : 1, times(USUAL, 2)],
          ["grafana", 1, times(USUAL, 3)],
          ["prometheus-operator", 1, USUAL],
          ["kube-state-metrics", 1, USUAL],
          ["node-exporter", 1, USUAL, "DaemonSet"],
        ])
      : []),
    ...(logs
      ? inNamespace("logs", [
          ["log-agent", 1, room(25, 64), "DaemonSet"],
          ...(logs.kind === "store"
            ? [["victoria-logs", 1, room(50, logs.requestMib), "StatefulSet"] as const]
            : []),
        ])
      : []),
  ];
}

const inNamespace = (namespace: string, pods: readonly Pods[]): Workload[] =>
  pods.map(([name, replicas, requests, kind = "Deployment"]: Pods) => ({
    kind,
    namespace,
    name,
    replicas,
    requests,
    apart: false,
  }));
