import { stringify } from "yaml";
import { NODE_PORTS } from "../../shared/address-plan";

/** The NodePorts at which the ingress takes HTTP and HTTPS from HAProxy. */
const INGRESS_PORTS = { web: NODE_PORTS.http, websecure: NODE_PORTS.https } as const;

export interface IngressArgs {
  /** From where HAProxy's connections come, whose PROXY header names the client. */
  readonly proxies: readonly string[];
  /** The pods' addresses: kube-proxy puts a node's address in this range in the place of HAProxy's. */
  readonly pods: string;
  /** How many copies run, each on a node of its own as long as there are nodes. */
  readonly replicas: number;
}

/**
 * The values for K3s' own Traefik. It must lie there before K3s' first start: with its defaults Traefik asks for a
 * load balancer, which Hetzner's cloud controller would then buy.
 *
 * What is Traefik's own is set by its arguments and not by the chart's values, whose names change with the chart.
 */
export function ingressConfiguration({ proxies, pods, replicas }: IngressArgs): string {
  const trusted = [...proxies, pods].join(",");
  const labels = { "app.kubernetes.io/name": "traefik" };
  const values = {
    deployment: { replicas },
    podDisruptionBudget: { enabled: replicas > 1, ...(replicas > 1 && { maxUnavailable: 1 }) },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: labels },
      },
    ],
    service: { spec: { type: "NodePort" } },
    ports: { web: { nodePort: INGRESS_PORTS.web }, websecure: { nodePort: INGRESS_PORTS.websecure } },
    additionalArguments: [
      ...Object.keys(INGRESS_PORTS).map(
        (entry) => `--entrypoints.${entry}.proxyprotocol.trustedips=${trusted}`,
      ),
      "--accesslog=true",
      "--accesslog.format=json",
    ],
    podSecurityContext: { seccompProfile: { type: "RuntimeDefault" } },
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
  };
  return stringify(
    {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChartConfig",
      metadata: { name: "traefik", namespace: "kube-system" },
      spec: {
        failurePolicy: "retry", // the default here, `reinstall`, would override K3s' own and uninstall Traefik first
        valuesContent: stringify(values, { lineWidth: 0 }),
      },
    },
    { lineWidth: 0 },
  );
}
