import type { LogStoreSize } from "../../settings";
import { pinnedImage } from "../../shared/pinned-image";
import { restrictedContainer, restrictedPod, STAYS_WITH_VOLUME } from "../../shared/pods";
import { versions } from "../../shared/versions";
import type { Manifest } from "../helm";
import { LABELS, LOGS } from "./names";

/** User of the store's process, which owns its volume. */
const USER = 1000;

/** The share of the volume that logs may take; the rest is for merges. */
const SHARE = 0.85;

const FOLDER = "/var/lib/victoria-logs";

interface StorePlace {
  readonly folder: string;
  readonly port: number;
}

/** Arguments of VictoriaLogs. It deletes whole days: those beyond the retention, and the oldest when space is short. */
export function storeArguments(
  { retentionDays, volumeGib, memoryMib }: LogStoreSize,
  { folder, port }: StorePlace = { folder: FOLDER, port: LOGS.ports.store },
): string[] {
  return [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=:${port}`,
    `-retentionPeriod=${retentionDays}d`,
    // A volume of local-path has no limit of its own.
    "-retention.maxDiskSpaceUsageBytes",
    `${Math.floor(volumeGib * 1024 * SHARE)}MiB`,
    // What caches may take; queries and inserts need the rest.
    `-memory.allowedBytes=${Math.floor(memoryMib / 2)}MiB`,
    "-search.maxConcurrentRequests=4",
    "-loggerFormat=json",
  ];
}

/** One VictoriaLogs with its volume. */
export function store(size: LogStoreSize): Manifest[] {
  const metadata = { name: LOGS.store, namespace: LOGS.namespace, labels: LABELS.store };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata,
      automountServiceAccountToken: false,
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        selector: LABELS.store,
        ports: [{ name: "http", port: LOGS.ports.store, targetPort: "http" }],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata,
      spec: {
        replicas: 1,
        serviceName: LOGS.store,
        selector: { matchLabels: LABELS.store },
        template: { metadata: { labels: LABELS.store }, spec: storePod(size) },
        volumeClaimTemplates: [claim(size)],
      },
    },
  ];
}

function storePod(size: LogStoreSize): Manifest {
  const alive = { httpGet: { path: "/health", port: "http" } };
  return {
    serviceAccountName: LOGS.store,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: "trellis-service",
    securityContext: restrictedPod(USER),
    tolerations: STAYS_WITH_VOLUME,
    terminationGracePeriodSeconds: 60, // it writes what it has in memory
    containers: [
      {
        name: LOGS.store,
        image: pinnedImage(versions.victoriaLogs),
        args: storeArguments(size),
        ports: [{ name: "http", containerPort: LOGS.ports.store }],
        securityContext: restrictedContainer,
        resources: {
          requests: { cpu: "50m", memory: `${size.requestMib}Mi` },
          limits: { memory: `${size.memoryMib}Mi` },
        },
        startupProbe: { ...alive, periodSeconds: 5, failureThreshold: 60 },
        readinessProbe: { ...alive, periodSeconds: 10 },
        livenessProbe: { ...alive, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
        volumeMounts: [{ name: "logs", mountPath: FOLDER }],
      },
    ],
  };
}

const claim = ({ volumeGib, storageClass }: LogStoreSize): Manifest => ({
  metadata: { name: "logs" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    ...(storageClass !== undefined && { storageClassName: storageClass }),
    resources: { requests: { storage: `${volumeGib}Gi` } },
  },
});
