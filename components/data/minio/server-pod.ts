import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { DriveLayout } from "../../settings";
import {
  restrictedContainer,
  restrictedPod,
  SCRATCH,
  STAYS_WITH_VOLUME,
  secretVariable,
} from "../../shared/pods";
import { LABELS, MINIO } from "./names";
import { PATHS, serverArguments, serverEnvironment } from "./server";

/** How servers are sized and spread: arguments of object storage and of each server's pod. */
export interface ServerSizing {
  /**
   * How many pods with how many drives each, and how many of an object's shards are parity. More parity survives more
   * lost drives and leaves less space. MinIO never changes the drives of a pool, so pods and drives are permanent.
   */
  readonly layout: DriveLayout;
  /** Host name of the console for browsers. @default none: no Ingress leads to the console */
  readonly consoleHost?: string | undefined;
  /** Origins whose pages may call the S3 API from a browser. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** CPU request of each server, in thousandths of a core. There is no limit. */
  readonly cpuMillis: number;
  /** Memory request and limit of each server, in MiB. A server that exceeds it is killed. */
  readonly memoryMib: number;
  /**
   * Whether servers must be spread evenly over the nodes. With true, a pod waits while that is impossible; with false,
   * it runs where there is room.
   */
  readonly strictSpread: boolean;
}

export interface ServerPodArgs extends ServerSizing {
  /** Image of the servers. */
  readonly image: pulumi.Input<string>;
  /** Namespace of object storage. */
  readonly namespace: pulumi.Input<string>;
  /** Name of the Secret with the root user and its password. */
  readonly rootSecret: pulumi.Input<string>;
  /** Name of the Secret with `ca.crt`, `tls.crt` and `tls.key`. */
  readonly certificateSecret: pulumi.Input<string>;
}

/** Any user id works: the image names no user, and the drives belong to the pod's group. */
const MINIO_USER = 1000;

/** Keys of the root user's Secret. MinIO reads them from variables of the same names. */
export const ROOT_VARIABLES = { user: "MINIO_ROOT_USER", password: "MINIO_ROOT_PASSWORD" } as const;

export const driveName = (number: number): string => `drive-${number}`;

/** The claim of one drive of a pod. */
export const claimName = (drive: number, pod: number): string =>
  `${driveName(drive)}-${MINIO.statefulSet}-${pod}`;

export function serverPod(args: ServerPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: { labels: LABELS.servers },
    spec: {
      serviceAccountName: MINIO.serviceAccount,
      automountServiceAccountToken: false, // MinIO does not use the Kubernetes API
      enableServiceLinks: false, // MinIO would read service variables that begin with MINIO_ as settings
      priorityClassName: "trellis-data",
      securityContext: restrictedPod(MINIO_USER),
      terminationGracePeriodSeconds: 60,
      tolerations: STAYS_WITH_VOLUME,
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: args.strictSpread ? "DoNotSchedule" : "ScheduleAnyway",
          labelSelector: { matchLabels: LABELS.servers },
        },
      ],
      containers: [serverContainer(args)],
      volumes: [
        {
          name: "certificates",
          secret: {
            secretName: args.certificateSecret,
            defaultMode: 0o440,
            // MinIO expects these file names, and reloads the files when they change.
            items: [
              { key: "tls.crt", path: "public.crt" },
              { key: "tls.key", path: "private.key" },
              { key: "ca.crt", path: "CAs/ca.crt" },
            ],
          },
        },
        SCRATCH.volume,
      ],
    },
  };
}

function serverContainer(args: ServerPodArgs): k8s.types.input.core.v1.Container {
  const { layout, rootSecret } = args;
  const drives = Array.from({ length: layout.drivesPerPod }, (_, number) => number);
  return {
    name: "minio",
    image: args.image,
    args: pulumi.output(args.namespace).apply((namespace) => serverArguments({ ...layout, namespace })),
    ports: [
      { name: "api", containerPort: MINIO.ports.api },
      { name: "console", containerPort: MINIO.ports.console },
    ],
    env: [
      ...Object.values(ROOT_VARIABLES).map((key) => secretVariable(key, rootSecret)),
      ...Object.entries(serverEnvironment(layout, args)).map(([name, value]) => ({
        name,
        value,
      })),
    ],
    securityContext: restrictedContainer,
    resources: {
      requests: { cpu: `${args.cpuMillis}m`, memory: `${args.memoryMib}Mi` },
      limits: { memory: `${args.memoryMib}Mi` },
    },
    // A server that waits for its peers answers too: it is alive, and its peers must be able to reach it.
    startupProbe: probe("live", { periodSeconds: 5, failureThreshold: 60 }),
    livenessProbe: probe("live", { periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe("ready", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
    volumeMounts: [
      ...drives.map((number) => ({ name: driveName(number), mountPath: PATHS.drive(number) })),
      { name: "certificates", mountPath: PATHS.certificates, readOnly: true },
      SCRATCH.mount,
    ],
  };
}

function probe(state: "live" | "ready", timing: Record<string, number>): k8s.types.input.core.v1.Probe {
  return { httpGet: { path: `/minio/health/${state}`, port: "api", scheme: "HTTPS" }, ...timing };
}
