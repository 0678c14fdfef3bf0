import type { Environment } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import type { PodSecurity } from "./guarded-namespace";
import type { Allowance } from "./network-policies";

/** A namespace of the platform: its pod security, its share of the resources and its network access. */
export interface PlatformNamespace {
  /** Name of the namespace in the cluster. */
  readonly name: string;
  /** Pod security profile that admission enforces. */
  readonly podSecurity: PodSecurity;
  /** What its pods may request in staging. dev gets half, prod twice as much. */
  readonly share: { readonly cpu: number; readonly memoryGib: number };
  /** Connections that its pods may open or accept; everything else is denied. */
  readonly allow: readonly Allowance[];
}

const POSTGRES = 5432;
const PATRONI_REST = 8008;
/** Port of pgBackRest's server, through which base backups read a member's data. */
const PGBACKREST = 8432;
/** Metrics port of the leader-key watcher and of the backup exporter. */
const WATCHER_HEALTH = 8080;
const S3 = 9000;
/**
 * Ports of the Kubernetes API that pods connect to: HAProxy's, and the API server's own, to which Services are
 * rewritten.
 */
const API = [SERVER_PORTS.kubernetesApi, SERVER_PORTS.apiServer];
const ETCD = [SERVER_PORTS.etcdClient];

/**
 * Ports of Airflow's API server, and of the scheduler and the triggerer, from which it reads the logs of running tasks.
 */
const AIRFLOW = [8080, 8793, 8794];
const STATSD = { ports: [9125], protocol: "UDP" } as const;

const metrics = (...ports: number[]): Allowance => ({ from: { namespace: "monitoring" }, ports });
const ingress = (...ports: number[]): Allowance => ({ from: { namespace: "kube-system" }, ports });

/** Namespaces of the platform's parts. A system with further needs declares them in its own component. */
export const PLATFORM_NAMESPACES = {
  postgres: {
    name: "postgres",
    podSecurity: "restricted",
    share: { cpu: 4, memoryGib: 8 },
    allow: [
      { to: "dns" },
      { to: { namespace: "own" }, ports: [POSTGRES, PATRONI_REST, PGBACKREST] },
      { from: { namespace: "own" }, ports: [POSTGRES, PATRONI_REST, PGBACKREST] },
      { to: "servers", ports: [...ETCD, ...API] },
      { from: "servers", ports: [POSTGRES, PATRONI_REST] },
      { to: { namespace: "storage" }, ports: [S3] },
      { to: "internet", ports: [443], pods: { "trellis/archive": "offsite" } }, // the archive's second store, if any
      { from: { namespace: "airflow" }, ports: [POSTGRES] },
      { from: { namespace: "datasurface" }, ports: [POSTGRES] },
      { from: { namespace: "rain-tracker" }, ports: [POSTGRES] },
      { from: { namespace: "gardenos" }, ports: [POSTGRES] },
      metrics(PATRONI_REST, WATCHER_HEALTH, 9187),
    ],
  },
  storage: {
    name: "storage",
    podSecurity: "restricted",
    share: { cpu: 2, memoryGib: 4 },
    allow: [
      { to: "dns" },
      { to: { namespace: "own" }, ports: [S3, 9001] },
      { from: { namespace: "own" }, ports: [S3, 9001] },
      { from: { namespace: "postgres" }, ports: [S3] },
      { from: { namespace: "airflow" }, ports: [S3] },
      { from: { namespace: "rain-tracker" }, ports: [S3] },
      { from: { namespace: "gardenos" }, ports: [S3] },
      ingress(S3, 9001),
      metrics(S3),
    ],
  },
  airflow: {
    name: "airflow",
    podSecurity: "restricted",
    share: { cpu: 3, memoryGib: 8 },
    allow: [
      { to: "dns" },
      { to: "servers", ports: API },
      { to: { namespace: "own" }, ports: AIRFLOW },
      { from: { namespace: "own" }, ports: AIRFLOW },
      { to: { namespace: "own" }, ...STATSD },
      { from: { namespace: "own" }, ...STATSD },
      { to: { namespace: "postgres" }, ports: [POSTGRES] },
      { to: { namespace: "storage" }, ports: [S3] },
      { to: "internet", ports: [443] },
      ingress(8080),
      metrics(9102),
    ],
  },
  datasurface: {
    name: "datasurface",
    podSecurity: "restricted",
    share: { cpu: 4, memoryGib: 8 },
    allow: [
      { to: "dns" },
      { to: { namespace: "postgres" }, ports: [POSTGRES] },
      { to: "internet", ports: [443] },
      // The daily job reports new streams to Airflow.
      { to: "servers", ports: API, pods: { "datasurface/job": "infrastructure" } },
      metrics(9464),
    ],
  },
  rain: {
    name: "rain-tracker",
    podSecurity: "restricted",
    share: { cpu: 3, memoryGib: 4 },
    allow: [], // Rain Tracker's component declares a policy for each of its pods
  },
  gardenos: {
    name: "gardenos",
    podSecurity: "restricted",
    share: { cpu: 3, memoryGib: 4 },
    allow: [
      { to: "dns" },
      { to: { namespace: "own" }, ports: [3000, 5000, 8000, 8001, 9999] },
      { from: { namespace: "own" }, ports: [3000, 5000, 8000, 8001, 9999] },
      { to: { namespace: "postgres" }, ports: [POSTGRES] },
      { to: { namespace: "storage" }, ports: [S3] },
      { to: "internet", ports: [443] },
      ingress(3000, 5000, 8000, 8001, 9999),
      metrics(8000, 8001, 9999),
    ],
  },
} as const satisfies Record<string, PlatformNamespace>;

export type PlatformNamespaceKey = keyof typeof PLATFORM_NAMESPACES;

// Safe cast: Object.keys returns strings, and the keys come from the table.
export const platformNamespaceKeys = Object.keys(PLATFORM_NAMESPACES) as PlatformNamespaceKey[];

/** dev runs one replica of what prod runs three of, so the quotas scale with the environment. */
const SCALE: Record<Environment, number> = { dev: 0.5, staging: 1, prod: 2 };

/** Quota of a namespace in an environment, as Kubernetes quantities. */
export function quotaOf(
  { share }: PlatformNamespace,
  environment: Environment,
): { cpu: string; memory: string } {
  const scale = SCALE[environment];
  return { cpu: `${share.cpu * scale * 1000}m`, memory: `${share.memoryGib * scale * 1024}Mi` };
}
