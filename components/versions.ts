import { ETCD_RELEASE, K3S_RELEASE } from "./cluster";

/**
 * Every third-party version in one place. A pin that came from the network names the file that it was read in; who
 * can ask the registries should do so before raising one.
 */
export interface Pin {
  readonly version: string;
  /** Why this one and not another. */
  readonly why: string;
  /** The last day (YYYY-MM-DD) on which its makers mend it; absent where they publish none. */
  readonly supportedUntil?: string;
}

export const versions = {
  k3s: K3S_RELEASE,
  etcd: ETCD_RELEASE,
  ubuntu: {
    version: "24.04",
    why: "the long-term release whose HAProxy (2.8), keepalived and cloud-init our renderings are made for",
    supportedUntil: "2029-05-31",
  },
  certManager: {
    version: "v1.21.2",
    why: "newest release of the chart; issues the endpoints' certificates",
  },
  kubePrometheusStack: {
    version: "92.1.0",
    why: "newest release of the chart; brings Prometheus, Alertmanager, Grafana and their operator together",
  },
  hcloudCloudControllerManager: {
    version: "1.37.0",
    why: "from 1.30.1 on it survives the API without datacenters; newest",
  },
  hcloudCsi: {
    version: "2.23.0",
    why: "newest release of the chart of Hetzner's volumes",
  },
  systemUpgradeController: {
    version: "v0.19.2",
    why: "newest release; replaces the K3s binary node by node",
  },
} as const satisfies Record<string, Pin>;

export type PinName = keyof typeof versions;
