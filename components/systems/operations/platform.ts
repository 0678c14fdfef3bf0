import * as pulumi from "@pulumi/pulumi";
import { type Model, streamsOf } from "../../../jobs/datasurface";
import type { PlatformInput } from "../../../jobs/operations";
import {
  BACKUP,
  DATABASES,
  ETCD_METRICS_PORT,
  MINIO,
  MIRROR,
  MIRROR_METRICS_PORT,
  OBJECT_STORAGE,
  POSTGRES,
} from "../../data";
import type { HetznerCluster } from "../../servers";
import { hasRole, nodesOf, postgresShape, type Settings } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import { hostOf } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { MONITORING_NAMESPACE } from "../../shared/workloads";
import { AIRFLOW_API, AIRFLOW_SERVICE } from "../airflow";
import { CRM_HEALTH } from "../gardenos";
import { RAIN, rainNamespace } from "../rain";
import { PROMETHEUS_PORT } from "./namespace";

export interface PlatformArgs {
  readonly settings: Settings;
  /** Our own servers. @default none: the target is an existing cluster */
  readonly servers: HetznerCluster | undefined;
  /** Client addresses of etcd's members, each as host:port. */
  readonly etcdHosts: pulumi.Input<readonly string[]>;
  /** The namespaces that the program guards. */
  readonly namespaces: readonly string[];
  /** Whether Prometheus runs in the cluster. */
  readonly monitoring: boolean;
  /** The systems that the stack has. */
  readonly has: { readonly airflow: boolean; readonly rain: boolean; readonly gardenos: boolean };
  /** Ingestion. @default the stack ingests nothing */
  readonly model?: Model | undefined;
  readonly backups: boolean;
}

/** What the checks compare the running platform with. */
export function platformOf(args: PlatformArgs): pulumi.Output<PlatformInput> {
  const { servers, etcdHosts } = args;
  const addresses = servers ? servers.servers : pulumi.output<string[]>([]);
  const entrances = servers ? servers.entrances : pulumi.output<string[]>([]);
  return pulumi
    .all([addresses, entrances, pulumi.output(etcdHosts)])
    .apply(([at, front, etcd]) => describe(args, { addresses: at, entrances: front, etcd }));
}

interface Known {
  /** In the order of the servers' names. */
  readonly addresses: readonly string[];
  readonly entrances: readonly string[];
  readonly etcd: readonly string[];
}

/** What runs once a day is late after this many hours. */
const DAY_AND_GRACE = 26;

function describe(args: PlatformArgs, known: Known): PlatformInput {
  const { settings, namespaces, monitoring, has, backups, model } = args;
  const offsite = settings.offsite !== undefined;
  const { minio } = settings;
  const buckets = Object.keys(minio.buckets).length;
  return {
    environment: settings.environment,
    kubernetes: { ...serversOf(settings, known), namespaces: [...namespaces] },
    ...entranceOf(settings, known),
    etcd: etcdOf(settings, known),
    postgres: postgresOf(settings),
    objects: {
      ...(minio.kind === "external"
        ? { kind: minio.kind, url: minio.endpoint }
        : { url: `https://${hostOf(MINIO.api, OBJECT_STORAGE.namespace)}:${MINIO.ports.api}` }),
      buckets,
    },
    ...(backups && {
      backups: {
        namespace: DATABASES.namespace,
        maxAgeHours: DAY_AND_GRACE,
        offsite,
        cronJobs: ["backup-create", ...(offsite ? ["backup-copy"] : [])],
        ...(monitoring && {
          metrics: metrics(BACKUP.metricsService, DATABASES.namespace, BACKUP.metricsPort),
        }),
      },
    }),
    ...(offsite &&
      monitoring && {
        mirror: metrics(MIRROR.metricsService, OBJECT_STORAGE.namespace, MIRROR_METRICS_PORT),
      }),
    ...(has.airflow && {
      airflow: { url: `http://${hostOf(AIRFLOW_SERVICE, AIRFLOW_API.namespace)}:${AIRFLOW_API.ports[0]}` },
    }),
    ...(model && {
      streams: {
        list: model.ecosystem.platforms.flatMap((platform) =>
          streamsOf(model, platform).map(({ key }) => ({ platform: platform.name, stream: key })),
        ),
        maxLagHours: DAY_AND_GRACE,
      },
    }),
    ...(has.rain && {
      rain: {
        url: `http://${hostOf(RAIN.api, rainNamespace.name)}/api/v1/health`,
        maxImportAgeHours: 48,
      },
    }),
    ...(has.gardenos && { gardenos: CRM_HEALTH }),
    ...(monitoring && {
      prometheus: `http://${hostOf("kube-prometheus-stack-prometheus", MONITORING_NAMESPACE)}:${PROMETHEUS_PORT}`,
    }),
    ...forbiddenOf(settings),
    pins: pinned(),
  };
}

/** A Service that the namespace of the checks may not reach, although something listens there. */
function forbiddenOf({ minio }: Settings): Pick<PlatformInput, "forbidden"> {
  const at = (namespace: string, service: string, port: number) => ({
    forbidden: { namespace, service, host: hostOf(service, namespace), port },
  });
  // It may use the API of object storage, and not its console.
  if (minio.kind !== "external") return at(OBJECT_STORAGE.namespace, MINIO.console, MINIO.ports.console);
  if (!minio.applications.archive) return {};
  return at(DATABASES.namespace, POSTGRES.headless, POSTGRES.ports.pgbackrest);
}

function serversOf({ target }: Settings, { addresses }: Known) {
  if (target.kind === "existing") return { nodes: [], apiServers: [] };
  const nodes = nodesOf(target);
  return {
    nodes: nodes.map(({ name }) => name),
    apiServers: nodes.flatMap((node, at) =>
      hasRole("control-plane")(node) ? [`https://${addresses[at]}:${SERVER_PORTS.apiServer}`] : [],
    ),
  };
}

function entranceOf({ target }: Settings, { entrances: [front] }: Known) {
  const floating = target.kind === "hetzner" && target.edge.kind === "floating-ip" && front !== undefined;
  return floating ? { entrance: { host: front, port: SERVER_PORTS.kubernetesApi } } : {};
}

function etcdOf({ target }: Settings, { etcd }: Known): PlatformInput["etcd"] {
  return {
    members: etcd.map((each) => {
      const [host = "", port] = each.split(":");
      return {
        name: host,
        // The servers show it to whoever has a certificate, an etcd in pods without one.
        metrics: target.kind === "hetzner" ? `https://${each}` : `http://${host}:${ETCD_METRICS_PORT}`,
        client: { host, port: Number(port) },
      };
    }),
    ...(target.kind === "hetzner" && { snapshotEveryHours: target.etcd.snapshotEveryHours }),
  };
}

function postgresOf(settings: Settings): PlatformInput["postgres"] {
  const { replicas, synchronous } = postgresShape(settings);
  const { namespace } = DATABASES;
  const { postgres: port, rest } = POSTGRES.ports;
  return {
    namespace,
    patroni: `https://${hostOf(POSTGRES.headless, namespace)}:${rest}`,
    members: replicas,
    synchronous: synchronous !== false,
    primary: { host: hostOf(POSTGRES.primary, namespace), port },
    replica: { host: hostOf(POSTGRES.replica, namespace), port },
    primaryService: POSTGRES.primary,
    databases: Object.keys(settings.postgres.databases),
    ...(settings.minio.applications.archive && {
      archive: metrics(POSTGRES.archive, namespace, POSTGRES.ports.archiveMetrics),
    }),
  };
}

const metrics = (service: string, namespace: string, port: number) =>
  `http://${hostOf(service, namespace)}:${port}/metrics`;

const pinned = () =>
  Object.entries(versions).flatMap(([name, pin]) =>
    "supportedUntil" in pin ? [{ name, supportedUntil: pin.supportedUntil }] : [],
  );
