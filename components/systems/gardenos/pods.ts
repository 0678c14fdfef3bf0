import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH, secretVariable } from "../../shared/pods";
import { GARDENOS, labelsOf } from "./names";
import { AUTHORITY_FOLDERS, type ProgramArgs, type RenderedProgram } from "./programs";

/** Pods read their Secrets only at their start, so a new digest restarts them. */
const CONFIG_DIGEST = "trellis/config-digest";

const volumeOf = (object: string) => ({
  name: object,
  secret: { secretName: object, items: [{ key: "ca.crt", path: "ca.crt" }] },
});

const podDefaults = {
  serviceAccountName: GARDENOS.serviceAccount,
  automountServiceAccountToken: false, // no program calls the Kubernetes API
  enableServiceLinks: false,
  securityContext: restrictedPod(JOBS_USER), // none of the images needs another user
};

/** The Deployment of a program. Where it scales, the autoscaler sets the number of replicas. */
export function programDeployment(
  { program, scale, container, authorities }: RenderedProgram,
  configDigest: pulumi.Input<string>,
): k8s.types.input.apps.v1.DeploymentSpec {
  const labels = labelsOf(GARDENOS[program]);
  return {
    ...(scale.least === scale.most && { replicas: scale.least }),
    selector: { matchLabels: labels },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels, annotations: { [CONFIG_DIGEST]: configDigest } },
      spec: {
        ...podDefaults,
        priorityClassName: "trellis-service",
        containers: [
          {
            ...container,
            volumeMounts: [
              SCRATCH.mount,
              ...Object.entries(authorities).map(([mountPath, object]) => ({
                name: object,
                mountPath,
                readOnly: true,
              })),
            ],
          },
        ],
        volumes: [SCRATCH.volume, ...Object.values(authorities).map(volumeOf)],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
          },
        ],
      },
    },
  };
}

/** Agents wait for their model, so that their CPU says nothing: their pods follow the tasks that wait. */
const QUEUE_DEPTH = "agents_queue_depth";

/** Some seconds of work for the agents of one pod. */
const WAITING_FOR_EACH_WORKER = 50;

export function autoscaler({
  program,
  scale,
}: RenderedProgram): k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: GARDENOS[program] },
    minReplicas: scale.least,
    maxReplicas: scale.most,
    metrics: [
      program === "workers"
        ? {
            type: "External",
            external: {
              metric: { name: QUEUE_DEPTH },
              target: { type: "AverageValue", averageValue: String(WAITING_FOR_EACH_WORKER) },
            },
          }
        : {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
          },
    ],
  };
}

/** Migrates the CRM's schema, then the agents' own. Programs that need the tables wait for it. */
export function migrationJob(args: ProgramArgs, withAgents: boolean): k8s.types.input.batch.v1.JobSpec {
  const folder = AUTHORITY_FOLDERS.database;
  const step = (
    name: string,
    words: string[],
    env: k8s.types.input.core.v1.EnvVar[],
  ): k8s.types.input.core.v1.Container => ({
    name,
    image: args.jobsImage,
    args: words,
    env,
    securityContext: restrictedContainer,
    resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "256Mi" } },
    volumeMounts: [SCRATCH.mount, { name: GARDENOS.databaseSecret, mountPath: folder, readOnly: true }],
  });
  // Both as the owner, who grants the programs' roles what they need.
  const access = (prefix: string) => [
    secretVariable(`${prefix}_URL`, GARDENOS.databaseSecret, "migrate-url"),
    { name: `${prefix}_SSLROOTCERT`, value: `${folder}/ca.crt` },
  ];
  const crm = step("crm", ["postgres", "migrate", "up", "crm"], access("MIGRATE"));
  return {
    backoffLimit: 3, // PostgreSQL may be failing over
    activeDeadlineSeconds: 1800,
    template: {
      metadata: { labels: labelsOf(GARDENOS.migration) },
      spec: {
        ...podDefaults,
        restartPolicy: "Never",
        ...(withAgents && { initContainers: [crm] }),
        containers: [withAgents ? step("agents", ["agents", "migrate"], access("AGENTS_DATABASE")) : crm],
        volumes: [SCRATCH.volume, volumeOf(GARDENOS.databaseSecret)],
      },
    },
  };
}
