import { stringify } from "yaml";
import { NODE_PORTS } from "../../shared/address-plan";

/** The NodePorts at which the ingress accepts HTTP and HTTPS from HAProxy. */
const INGRESS_PORTS = { web: NODE_PORTS.http, websecure: NODE_PORTS.https } as const;

/**
 * Redirects every request over HTTP to HTTPS, except those of Let's Encrypt: cert-manager answers them over HTTP before
 * there is a certificate. `to` is the port that clients connect to; Traefik itself listens on another.
 */
const REDIRECTION = [
  "--entrypoints.web.http.redirections.entrypoint.to=:443",
  "--entrypoints.web.http.redirections.entrypoint.scheme=https",
  "--entrypoints.web.http.redirections.entrypoint.permanent=true",
  "--entrypoints.web.allowacmebypass=true",
];

/**
 * What an Ingress says of a path must hold for every spelling of it: programs decode the path, so a limit at `/auth/token`
 * that `/auth%2Ftoken` passes by is none. And `/rest/v1` is no prefix of `/rest/v1x`, as Kubernetes defines it.
 */
const PATHS = [
  ...Object.keys(INGRESS_PORTS).flatMap((entry) =>
    ["slash", "backslash", "nullcharacter"].map(
      (character) => `--entrypoints.${entry}.http.encodedcharacters.allowencoded${character}=false`,
    ),
  ),
  "--providers.kubernetesingress.strictprefixmatching=true",
];

/** A request, its body included, must arrive within so many seconds: whoever sends a byte a minute holds a connection. */
const REQUEST_SECONDS = 60;

/** The Secret in kube-system with further values, which depend on the namespaces: the cluster layer writes it. */
export const INGRESS_VALUES = { secret: "trellis-traefik-values", key: "values.yaml" } as const;

export interface IngressArgs {
  /** The source ranges of HAProxy. Traefik takes the client's address from the PROXY header of these only. */
  readonly proxies: readonly string[];
  /** The pods' range, trusted too: kube-proxy replaces HAProxy's source address with a node's address in this range. */
  readonly pods: string;
  /** The number of Traefik pods, spread over the nodes. With one, a failed node or a drain interrupts the ingress. */
  readonly replicas: number;
}

/**
 * The chart values of the Traefik that K3s installs as soon as the Secret with its other values exists. The file must be
 * there before K3s starts for the first time: by default Traefik's Service has the type LoadBalancer, and Hetzner's cloud
 * controller would order one.
 *
 * Traefik's own options are set as arguments and not as chart values, because the chart renames its values.
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
      ...Object.keys(INGRESS_PORTS).flatMap((entry) => [
        `--entrypoints.${entry}.proxyprotocol.trustedips=${trusted}`,
        `--entrypoints.${entry}.transport.respondingtimeouts.readtimeout=${REQUEST_SECONDS}s`,
      ]),
      ...REDIRECTION,
      ...PATHS,
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
        valuesSecrets: [{ name: INGRESS_VALUES.secret, keys: [INGRESS_VALUES.key] }],
      },
    },
    { lineWidth: 0 },
  );
}
