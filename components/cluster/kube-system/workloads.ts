import { API_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import {
  type Allowance,
  type Destination,
  MONITORING_NAMESPACE,
  type PodLabels,
} from "../../shared/workloads";
import { TRAEFIK_PODS } from "../monitoring";
import { ACME_SOLVER } from "../namespaces";

/** Pods of kube-system, and the connections that they need. */
export interface SystemWorkload {
  /** Name of the network policy. */
  readonly name: string;
  readonly pods: PodLabels;
  readonly allow: readonly Allowance[];
}

export interface SystemWorkloadsArgs {
  /** What Traefik forwards requests to. */
  readonly exposed: readonly Destination[];
  /** Namespaces of the user's own that it forwards requests to, at every port. */
  readonly othersExposed: readonly string[];
  /** Whether Prometheus and Grafana run in the cluster. */
  readonly monitoring: boolean;
  /** Whether Hetzner's controllers run in the cluster. */
  readonly hetzner: boolean;
}

const API: Allowance = { to: "servers", ports: API_PORTS };
const HTTPS: Allowance = { to: "internet", ports: [443] };

/** Name servers of the internet: of CoreDNS, and of pods that use their server's `/etc/resolv.conf`. */
const NAME_SERVERS: readonly Allowance[] = (["UDP", "TCP"] as const).map((protocol) => ({
  to: "internet",
  ports: [53],
  protocol,
}));

/** The ports of Traefik's entry points `web` and `websecure` in its pod. */
const TRAEFIK_PORTS = [8000, 8443];

/**
 * Every workload in kube-system that uses the pod network: those of K3s, and Hetzner's controllers. Kubelets reach the
 * pods of their own server whatever a policy says, so probes need no entry. local-path's helper pods use no network.
 */
export function systemWorkloads(args: SystemWorkloadsArgs): SystemWorkload[] {
  return [
    coreDns(args),
    metricsServer,
    traefik(args),
    { name: "local-path-provisioner", pods: { app: "local-path-provisioner" }, allow: [API] },
    {
      name: "helm-jobs",
      pods: { "helmcharts.helm.cattle.io/chart": "*" },
      allow: [{ to: "dns" }, API, HTTPS], // charts come from their repositories, K3s' own from the API server
    },
    ...(args.hetzner ? hetznerControllers : []),
  ];
}

function coreDns({ monitoring }: SystemWorkloadsArgs): SystemWorkload {
  const clients = (["pods", "servers"] as const).flatMap((from) =>
    (["UDP", "TCP"] as const).map((protocol): Allowance => ({ from, ports: [53], protocol })),
  );
  return {
    name: "coredns",
    pods: { "k8s-app": "kube-dns" },
    allow: [...clients, ...fromMonitoring(monitoring, 9153), API, ...NAME_SERVERS],
  };
}

/** The API server asks it for metrics, from the servers' addresses; it asks the kubelets. */
const metricsServer: SystemWorkload = {
  name: "metrics-server",
  pods: { "k8s-app": "metrics-server" },
  allow: [{ from: "servers", ports: [10250] }, API, { to: "servers", ports: [SERVER_PORTS.kubelet] }],
};

/** HAProxy connects to its NodePorts, so its clients have the servers' addresses, in the overlay or outside of it. */
function traefik({ exposed, othersExposed, monitoring }: SystemWorkloadsArgs): SystemWorkload {
  const destinations = [
    ...exposed,
    ...(monitoring ? [{ namespace: MONITORING_NAMESPACE, ports: [3000] }] : []),
  ];
  return {
    name: "traefik",
    pods: TRAEFIK_PODS,
    allow: [
      { from: "servers", ports: TRAEFIK_PORTS },
      ...fromMonitoring(monitoring, 9100),
      API,
      ...destinations.flatMap(({ namespace, ports }): Allowance[] => [
        { to: { namespace }, ports },
        { to: { namespace, pods: ACME_SOLVER.pods }, ports: ACME_SOLVER.ports },
      ]),
      ...othersExposed.map((namespace): Allowance => ({ to: { namespace }, ports: [] })), // a rule without ports is for all
    ],
  };
}

const fromMonitoring = (monitoring: boolean, port: number): Allowance[] =>
  monitoring ? [{ from: { namespace: MONITORING_NAMESPACE }, ports: [port] }] : [];

/** Both call Hetzner's API. The cloud controller runs before DNS does, and asks its server's name servers. */
const hetznerControllers: readonly SystemWorkload[] = [
  {
    name: "hcloud-cloud-controller-manager",
    pods: { "app.kubernetes.io/name": "hcloud-cloud-controller-manager" },
    allow: [{ to: "dns" }, ...NAME_SERVERS, API, HTTPS],
  },
  {
    name: "hcloud-csi-controller",
    pods: { "app.kubernetes.io/name": "hcloud-csi", "app.kubernetes.io/component": "controller" },
    allow: [{ to: "dns" }, API, HTTPS],
  },
];
