import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { DriveLayout } from "../../settings";
import { restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { LABELS, MINIO } from "./names";
import { PATHS, serverArguments, serverEnvironment } from "./server";

export interface ServerPodArgs {
  readonly image: pulumi.Input<string>;
  readonly layout: DriveLayout;
  /** The name under which browsers reach the console. @default none */
  readonly consoleHost?: string | undefined;
  /** Hold the root user and its password, and `ca.crt`, `tls.crt` and `tls.key`. */
  readonly rootSecret: pulumi.Input<string>;
  readonly certificateSecret: pulumi.Input<string>;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** Servers lie evenly over the nodes, or wait; otherwise only as far as there is room. */
  readonly strictSpread: boolean;
}

/** Any user will do: the image names none, and the drives belong to the pod's group. */
const MINIO_USER = 1000;

/** Under which keys the root user's Secret holds what MinIO reads from variables of the same names. */
export const ROOT_VARIABLES = { user: "MINIO_ROOT_USER", password: "MINIO_ROOT_PASSWORD" } as const;

export const driveName = (number: number): string => `drive-${number}`;

export function serverPod(args: ServerPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const { layout, rootSecret } = args;
  const drives = Array.from({ length: layout.drivesPerPod }, (_, number) => number);
  return {
    metadata: { labels: LABELS.servers },
    spec: {
      serviceAccountName: MINIO.serviceAccount,
      automountServiceAccountToken: false, // MinIO does not talk to Kubernetes
      enableServiceLinks: false, // variables that begin with MINIO_ would be taken for settings
      priorityClassName: "trellis-data",
      securityContext: restrictedPod(MINIO_USER),
      terminationGracePeriodSeconds: 60,
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: args.strictSpread ? "DoNotSchedule" : "ScheduleAnyway",
          labelSelector: { matchLabels: LABELS.servers },
        },
      ],
      containers: [
        {
          name: "minio",
          image: args.image,
          args: serverArguments(layout),
          ports: [
            { name: "api", containerPort: MINIO.ports.api },
            { name: "console", containerPort: MINIO.ports.console },
          ],
          env: [
            ...Object.values(ROOT_VARIABLES).map((key) => ({
              name: key,
              valueFrom: { secretKeyRef: { name: rootSecret, key } },
            })),
            ...Object.entries(serverEnvironment(layout, args.consoleHost)).map(([name, value]) => ({
              name,
              value,
            })),
          ],
          securityContext: restrictedContainer,
          resources: {
            requests: { cpu: `${args.cpuMillis}m`, memory: `${args.memoryMib}Mi` },
            limits: { memory: `${args.memoryMib}Mi` },
          },
          // A server that waits for its peers answers all the same: it is alive, and they must find it.
          startupProbe: probe("live", { periodSeconds: 5, failureThreshold: 60 }),
          livenessProbe: probe("live", { periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 3 }),
          readinessProbe: probe("ready", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
          volumeMounts: [
            ...drives.map((number) => ({ name: driveName(number), mountPath: PATHS.drive(number) })),
            { name: "certificates", mountPath: PATHS.certificates, readOnly: true },
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [
        {
          name: "certificates",
          secret: {
            secretName: args.certificateSecret,
            defaultMode: 0o440,
            // MinIO looks for these names, and reads them again when they change.
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

function probe(state: "live" | "ready", timing: Record<string, number>): k8s.types.input.core.v1.Probe {
  return { httpGet: { path: `/minio/health/${state}`, port: "api", scheme: "HTTPS" }, ...timing };
}
