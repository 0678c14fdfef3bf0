import { SERVER_TYPES } from "../hetzner-catalogue";
import { hasRole, nodesOf } from "../nodes";
import type { Settings } from "../schema";
import { minioShape } from "./minio";
import { logsShape, prometheusSize } from "./monitoring";
import { archiveQueueGib, postgresShape } from "./postgres";

/** Operating system, images, logs, etcd and the volumes of smaller workloads. */
const OTHERS_GIB = 20;

/** The kubelet evicts pods when less than this share of the disk is free. */
const FREE_SHARE = 0.1;

const GIB_OF_GB = 1e9 / 2 ** 30;

/** What the volumes of one server take of its disk. */
export interface DiskUse {
  /** Name of the server with the smallest disk. */
  readonly server: string;
  readonly askedGib: number;
  /** What the kubelet leaves to pods and volumes. */
  readonly roomGib: number;
}

/**
 * The largest use of a server's disk by volumes of local-path: a member of PostgreSQL with the queue of its archive, the
 * drives of MinIO's pods, a Prometheus, and the store of logs. Volumes with a storage class of their own are elsewhere.
 */
export function diskUse(settings: Settings): DiskUse | undefined {
  const { environment, target, postgres, minio } = settings;
  if (target.kind !== "hetzner") return undefined;
  const nodes = nodesOf(target).filter(hasRole("workload"));
  const disks = nodes
    .map(({ name, types }) => ({ name, gb: Math.min(...types.map((type) => SERVER_TYPES[type].diskGb)) }))
    .sort((a, b) => a.gb - b.gb);
  const [smallest] = disks;
  if (!smallest) return undefined;
  const perServer = (pods: number) => Math.ceil(pods / nodes.length);
  const queueGib = minio.applications.archive ? archiveQueueGib(settings) : 0;
  const members = perServer(postgresShape(settings).replicas) * (postgres.volumeGib + queueGib);
  const prometheus = prometheusSize(settings);
  const metrics = target.addons.monitoring ? perServer(prometheus.replicas) * prometheus.volumeGib : 0;
  const logs = logsShape(settings);
  return {
    server: smallest.name,
    askedGib: Math.ceil(
      (postgres.storageClass ? 0 : members) +
        drives(environment, minio, perServer) +
        metrics +
        (logs?.kind === "store" && logs.storageClass === undefined ? logs.volumeGib : 0) +
        OTHERS_GIB,
    ),
    roomGib: Math.floor(smallest.gb * GIB_OF_GB * (1 - FREE_SHARE)),
  };
}

/** The drives of MinIO's pods on one server. */
function drives(
  environment: Settings["environment"],
  minio: Settings["minio"],
  perServer: (pods: number) => number,
): number {
  if (minio.kind === "external" || minio.storageClass) return 0;
  const { pods, drivesPerPod } = minioShape({ environment, minio });
  return perServer(pods) * drivesPerPod * minio.volumeGib;
}

/** What a preview says about it. Volumes of local-path have no limit, so too large ones start all the same. */
export function diskReport(use: DiskUse): { readonly fact: string; readonly warning: string | undefined } {
  const { server, askedGib, roomGib } = use;
  return {
    fact: `capacity: volumes take up to ${askedGib} of ${roomGib} GiB of a server's disk`,
    warning:
      askedGib > roomGib
        ? `capacity: volumes may take up to ${askedGib} GiB of the disk of ${server}, and pods are evicted from ${roomGib} on. Choose a type with a larger disk, lower postgres.archiveQueueHours, postgres.volumeGib or minio.volumeGib, or set a storageClass that is not on the servers`
        : undefined,
  };
}
