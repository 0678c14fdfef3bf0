import type { AlertReceivers, Environment, LogsShape, PrometheusSize } from "../../settings";
import type { Allowance, Destination } from "../../shared/workloads";
import type { GuardedNamespaceArgs } from "../namespaces";

/** An add-on that K3s' Helm controller installs from a HelmChart resource. */
export interface AddOn {
  /** Name of the HelmChart resource, which is created in kube-system. */
  readonly name: string;
  /**
   * Namespace to create for the add-on's pods, with its network policies.
   * @default none: the pods run in kube-system or in another add-on's namespace
   */
  readonly namespace?: Omit<GuardedNamespaceArgs, "servers">;
  /** Spec of the HelmChart resource. */
  readonly spec: {
    /** URL of the chart repository. @default none: the chart is inline */
    readonly repo?: string;
    /** Name of the chart in the repository. @default none: the chart is inline */
    readonly chart?: string;
    /** Version of the chart in the repository. @default none: the chart is inline */
    readonly version?: string;
    /** An inline chart, as `inlineChart` returns it. @default none: the chart comes from the repository */
    readonly chartContent?: string;
    /** Helm values, as YAML. @default the chart's own values */
    readonly valuesContent?: string;
    /** Namespace that the chart is installed into. */
    readonly targetNamespace: string;
    /** Install before the nodes are ready. Needed for what makes them ready. @default false */
    readonly bootstrap?: boolean;
    /** How often a failed installation is retried. */
    readonly backOffLimit: number;
    /**
     * Time after which an unfinished installation counts as failed and is retried, in the form that Go prints, such as
     * 10m0s. The Helm controller rewrites any other form and then owns the field, so the API server would reject every
     * later update.
     */
    readonly timeout: string;
    /** What K3s does after a failed installation or upgrade. Its default, `reinstall`, first uninstalls the add-on. */
    readonly failurePolicy: "retry";
  };
}

/** Which add-ons to install, and how. */
export interface AddOnChoices {
  /**
   * Sets replicas, retention and volume sizes. Only prod gets certificates from Let's Encrypt's production endpoint.
   */
  readonly environment: Environment;
  /** The platform's domain; Grafana is served at grafana.<domain>. */
  readonly domain: string;
  /** E-mail address of the Let's Encrypt account. */
  readonly contact: string;
  /**
   * Whether to install cert-manager and the ClusterIssuer for Let's Encrypt. Without them, nothing issues certificates
   * for the platform's Ingresses.
   */
  readonly certManager: boolean;
  /** Whether to install Prometheus, Alertmanager and Grafana. Without them, no alert is sent. */
  readonly monitoring: boolean;
  /**
   * Installs Hetzner's cloud controller and CSI driver. `network` is the private network's name; omit it in a mesh.
   * @default neither is installed
   */
  readonly hetzner?: { readonly network?: string | undefined } | undefined;
  /**
   * Who may open Grafana and the other administrative Ingresses, and the namespaces with an Ingress besides Grafana's,
   * which must exist. Creates Traefik's middlewares there.
   * @default no middlewares, and everyone may open Grafana
   */
  readonly ingress?:
    | { readonly administrators: readonly string[]; readonly namespaces: readonly string[] }
    | undefined;
  /**
   * K3s release and daily window (UTC) of the nodes' upgrades. Omit it where the servers are not ours.
   * @default no upgrades
   */
  readonly upgrades?:
    | {
        readonly version: string;
        readonly nodes: number;
        readonly startHour: number;
        readonly lengthHours: number;
      }
    | undefined;
  /**
   * Cluster addresses of etcd's members, which Prometheus scrapes. With an empty list Prometheus does not scrape etcd.
   */
  readonly etcd: readonly string[];
  /** Whether HAProxy and the node exporters serve their metrics over TLS. @default false: in clear */
  readonly metricsOverTls?: boolean | undefined;
  /** Hours between etcd's snapshots. An alert fires when one is late. */
  readonly snapshotEveryHours: number;
  /** Who gets the alerts. */
  readonly alerts: AlertReceivers;
  readonly prometheus: PrometheusSize;
  /** Where the logs of the servers go. @default nobody collects them */
  readonly logs?: LogsShape | undefined;
  /** Whether there is a token for an endpoint of logs. @default false */
  readonly logsToken?: boolean | undefined;
  /** What Prometheus scrapes in the workloads' namespaces; its network policies allow these connections. */
  readonly scraped: readonly Destination[];
  /** Who asks Prometheus, besides Grafana. @default nobody */
  readonly asked?: readonly Allowance[] | undefined;
}

/**
 * Retry settings of every chart: a new cluster takes minutes to become ready, and an add-on may need another one first.
 */
export const RETRIES = { backOffLimit: 1000, timeout: "10m0s", failurePolicy: "retry" } as const;

/** Port of admission webhooks; the API server connects to it from the servers' addresses. */
export const WEBHOOK = 10250;

export const CLUSTER_ISSUER = "letsencrypt";
