import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { exporterParts } from "../../data";
import type { Settings } from "../../settings";
import { type JobsSchedule, jobsPod } from "../../shared/pods";
import { repositoryUrl } from "../../shared/repository";
import { FILES, OPERATIONS } from "./names";

export type Every = NonNullable<Settings["operations"]["healthEvery"]>;

/** Not at the full hour, when everything else starts. */
const CRON: Readonly<Record<Every, string>> = {
  "15m": "7-59/15 * * * *",
  "1h": "7 * * * *",
  "6h": "7 */6 * * *",
  "1d": "7 6 * * *",
};

export const HOURS: Readonly<Record<Every, number>> = { "15m": 0.25, "1h": 1, "6h": 6, "1d": 24 };

export const scheduleOf = (every: Every): JobsSchedule => ({
  cron: CRON[every],
  startWithinSeconds: 300,
  endWithinHours: 0.1,
  attempts: 1, // the next run comes soon enough
  kept: [1, 3],
  memory: ["128Mi", "256Mi"],
  cpu: "50m",
});

interface PodArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
}

interface HealthPodArgs extends PodArgs {
  /** Whether the pod has the token for MinIO's metrics. */
  readonly asksMinio: boolean;
}

/** The pod that runs the checks. Its token reads the platform, and writes its history alone. */
export const healthPod = (
  { image, namespace, asksMinio }: HealthPodArgs,
  { memory, cpu }: JobsSchedule,
): k8s.types.input.core.v1.PodSpec =>
  jobsPod(
    {
      domain: "operations",
      image,
      serviceAccount: OPERATIONS.account,
      usesApi: true,
      reads: [
        {
          volume: { name: "platform", configMap: { name: OPERATIONS.platform } },
          folder: FILES.platform,
        },
        {
          volume: { name: "access", secret: { secretName: OPERATIONS.access, defaultMode: 0o440 } },
          folder: FILES.access,
        },
      ],
    },
    {
      container: "health",
      words: ["health", "--scheduled"],
      environment: [
        { name: "OPERATIONS_PLATFORM", value: `${FILES.platform}/${FILES.description}` },
        { name: "OPERATIONS_CACERT", value: `${FILES.platform}/${FILES.authorities}` },
        { name: "OPERATIONS_LOGINS", value: FILES.access },
        { name: "OPERATIONS_ETCD", value: FILES.access },
        ...(asksMinio
          ? [{ name: "OPERATIONS_OBJECTS_TOKEN", value: `${FILES.access}/${FILES.objectsToken}` }]
          : []),
        ...historyVariables(namespace),
      ],
      memory,
      cpu,
    },
  );

/** The pod that serves the last run's findings to Prometheus. Its token reads the history alone. */
export function exporterPod({ image, namespace }: PodArgs): k8s.types.input.core.v1.PodSpec {
  const port = OPERATIONS.ports.metrics;
  return jobsPod(
    { domain: "operations", image, serviceAccount: OPERATIONS.exporter, usesApi: true, reads: [] },
    exporterParts(port, [{ name: "OPERATIONS_PORT", value: String(port) }, ...historyVariables(namespace)]),
  );
}

interface PagePodArgs extends PodArgs {
  readonly every: Every;
}

/** The pod of the status page. Its token reads the history alone. */
export function pagePod({ image, namespace, every }: PagePodArgs): k8s.types.input.core.v1.PodSpec {
  const port = OPERATIONS.ports.page;
  const probe = { httpGet: { path: "/health", port: "http" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    ...jobsPod(
      { domain: "operations", image, serviceAccount: OPERATIONS.page, usesApi: true, reads: [] },
      {
        container: "page",
        words: ["serve-page"],
        memory: ["96Mi", "192Mi"],
        cpu: "25m",
        environment: [
          { name: "OPERATIONS_PORT", value: String(port) },
          { name: "OPERATIONS_EVERY_HOURS", value: String(HOURS[every]) },
          { name: "OPERATIONS_RUNBOOKS", value: repositoryUrl("") },
          ...historyVariables(namespace),
        ],
        serving: {
          ports: [{ name: "http", containerPort: port }],
          livenessProbe: { ...probe, initialDelaySeconds: 10, failureThreshold: 6 },
          readinessProbe: probe,
        },
      },
    ),
    priorityClassName: "trellis-service",
  };
}

const historyVariables = (namespace: pulumi.Input<string>) => [
  { name: "OPERATIONS_NAMESPACE", value: namespace },
  { name: "OPERATIONS_HISTORY", value: OPERATIONS.history },
];
