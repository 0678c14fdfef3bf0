import type { Environment } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import type { PodSecurity } from "./guarded-namespace";
import type { Allowance } from "./network-policies";

/** A namespace of the platform: who lives there, what they may ask for, and whom they talk to. */
export interface PlatformNamespace {
  readonly name: string;
  readonly podSecurity: PodSecurity;
  /** Share of what the whole platform may request. */
  readonly share: { readonly cpu: number; readonly memoryGib: number };
  readonly allow: readonly Allowance[];
}

const POSTGRES = 5432;
const PATRONI_REST = 8008;
/** By which base backups read a member's data. */
const PGBACKREST = 8432;
/** Where the watcher of the leader key and the exporter of the backups show their metrics. */
const WATCHER_HEALTH = 8080;
const S3 = 9000;
/** What API clients in pods need: HAProxy's and the API server's own port, since services are rewritten to it. */
const API = [SERVER_PORTS.kubernetesApi, SERVER_PORTS.apiServer];
const ETCD = [SERVER_PORTS.etcdClient];

/** The API server, and what it reads of running tasks from the scheduler and the triggerer. */
const AIRFLOW = [8080, 8793, 8794];
const STATSD = { ports: [9125], protocol: "UDP" } as const;

const metrics = (...ports: number[]): Allowance => ({ from: { namespace: "monitoring" }, ports });
const ingress = (...ports: number[]): Allowance => ({ from: { namespace: "kube-system" }, ports });

/** The namespaces of the platform's own parts. A system with needs of its own names them in its component. */
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
      { to: "internet", ports: [443], pods: { "trellis/archive": "offsite" } }, // where the archive has a second store
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
      // The daily work tells Airflow of new streams.
      { to: "servers", ports: API, pods: { "datasurface/job": "infrastructure" } },
      metrics(9464),
    ],
  },
  rain: {
    name: "rain-tracker",
    podSecurity: "restricted",
    share: { cpu: 3, memoryGib: 4 },
    allow: [], // Rain Tracker says itself, pod by pod, who may talk to whom
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

// Object.keys forgets the literal keys that the table's own type knows.
export const platformNamespaceKeys = Object.keys(PLATFORM_NAMESPACES) as PlatformNamespaceKey[];

/** dev runs one replica of what prod runs three of. */
const SCALE: Record<Environment, number> = { dev: 0.5, staging: 1, prod: 2 };

/** What a namespace may request in an environment, as a quota's quantities. */
export function quotaOf(
  { share }: PlatformNamespace,
  environment: Environment,
): { cpu: string; memory: string } {
  const scale = SCALE[environment];
  return { cpu: `${share.cpu * scale * 1000}m`, memory: `${share.memoryGib * scale * 1024}Mi` };
}
