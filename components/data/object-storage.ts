import type * as pulumi from "@pulumi/pulumi";
import type { ClusterLayer } from "../cluster";
import {
  externalStore,
  minioShape,
  type OwnStoreSettings,
  type Settings,
  type SettingsSecrets,
  volumesGrow,
} from "../settings";
import { ExternalObjectStorage } from "./external-store";
import { MinIO, type ObjectStorage } from "./minio";
import type { DataNamespace } from "./namespaces";

interface StorageParts {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly jobsImage: pulumi.Input<string>;
  /** Buckets that are copied off the cluster. */
  readonly mirrored: readonly string[];
}

/** The stack's object storage: MinIO in the cluster, or a store that exists. */
export function objectStorageFor(
  settings: Settings,
  secrets: SettingsSecrets,
  cluster: ClusterLayer<DataNamespace>,
  parts: StorageParts,
): ObjectStorage {
  const { minio } = settings;
  if (minio.kind !== "external") return minioServers(settings, minio, cluster, parts);
  const store = externalStore(settings, secrets);
  if (!store) throw new Error("the store's keys passed the check of the secrets without being there");
  return new ExternalObjectStorage(
    "object-storage",
    { namespace: cluster.namespaces.storage, store, ...parts },
    { provider: cluster.provider },
  );
}

function minioServers(
  settings: Settings,
  minio: OwnStoreSettings,
  cluster: ClusterLayer<DataNamespace>,
  { jobsImage, mirrored }: StorageParts,
): MinIO {
  const { environment, domain } = settings;
  const { pods, drivesPerPod, parity, memoryMib } = minioShape({ environment, minio });
  return new MinIO(
    "minio",
    {
      namespace: cluster.namespaces.storage,
      cluster: settings.cluster,
      image: minio.image,
      buckets: minio.buckets,
      applications: minio.applications,
      mirrored: mirrored.length > 0 ? mirrored : undefined,
      layout: { pods, drivesPerPod, parity },
      volumeGib: minio.volumeGib,
      volumesGrow: volumesGrow(settings, minio.storageClass),
      storageClass: minio.storageClass,
      cpuMillis: minio.cpuMillis,
      memoryMib,
      strictSpread: environment === "prod",
      jobsImage,
      certificateEpoch: settings.epochs.certificates,
      corsOrigins: minio.corsOrigins,
      consoleHost: cluster.ingress.isTraefikOfK3s ? `minio-console.${domain}` : undefined,
      ingress: {
        annotations: cluster.ingress.annotations("storage", "administrators"),
        loginAnnotations: cluster.ingress.loginAnnotations?.("storage"),
      },
      monitoring: cluster.monitoring,
      protection: cluster.protection,
    },
    { provider: cluster.provider },
  );
}
