import {
  type Dataset,
  type Model,
  type Platform,
  type Stream,
  sinksOf,
  streamsOf,
} from "../../jobs/datasurface/model";
import { type DagJob, type DagVariable, JOB_CONTAINER, type PlatformDags } from "../airflow";
import { restrictedContainer, restrictedPod, SCRATCH } from "../workload";
import {
  credentialSecret,
  DATASURFACE,
  gitConfigMap,
  infrastructureDag,
  ingestionDag,
  JOBS_USER,
  LABELS,
  labelValue,
  partsOf,
  platformName,
  podName,
  streamLabel,
} from "./names";

export interface DataSurfaceDagsArgs {
  readonly model: Model;

  /** Where the jobs' pods live. */
  readonly namespace: string;

  /** The job image, whose entrypoint is `jobs`. */
  readonly image: string;

  /** The server of the merge database. */
  readonly mergeHost: string;

  /** Where failures are told. @default nowhere */
  readonly slackChannel?: string;

  /** When the daily work of a platform is done. @default midnight, UTC */
  readonly infrastructureSchedule?: string;
}

/** What a job may use: requested, and at most. */
const RESOURCES = {
  requests: { cpu: "100m", memory: "256Mi" },
  limits: { cpu: "500m", memory: "1Gi" },
};

/** A run that is longer under way is certainly stuck. What it had begun, the next run continues. */
const DEADLINE_SECONDS = 6 * 60 * 60;

const GIT_CACHE = { name: "git-cache", mountPath: "/cache/git-cache" };

/** Of the model's priorities of workspaces: a stream is as urgent as its most urgent consumer. */
const PRIORITY = { UNKNOWN: 1, LOW: 1, MEDIUM: 2, HIGH: 5, CRITICAL: 10 } as const;

/** The DAGs of every platform of the model: one for the daily work, and one for each stream. */
export function dataSurfaceDags(args: DataSurfaceDagsArgs): PlatformDags[] {
  return args.model.ecosystem.platforms.map((platform) => {
    const urgency = urgencyOf(args.model, platform);
    return {
      name: platformName(platform),
      namespace: args.namespace,
      template: podTemplate(args, platform),
      slack: args.slackChannel === undefined ? null : { channel: args.slackChannel },
      infrastructure: infrastructureJob(args, platform),
      ingestion: streamsOf(args.model, platform).map((stream) => ingestionJob(stream, urgency)),
    };
  });
}

/** How urgent each dataset is on a platform. */
function urgencyOf(model: Model, platform: Platform): (dataset: Dataset) => number {
  const urgency = new Map<Dataset, number>();
  for (const { dataset, workspace } of sinksOf(model, platform)) {
    urgency.set(dataset, Math.max(PRIORITY[workspace.priority], urgency.get(dataset) ?? 0));
  }
  return (dataset) => urgency.get(dataset) ?? PRIORITY.UNKNOWN;
}

function infrastructureJob({ infrastructureSchedule }: DataSurfaceDagsArgs, platform: Platform): DagJob {
  return {
    dag: infrastructureDag(platform),
    pod: podName(platform.name, "infrastructure"),
    schedule: infrastructureSchedule ?? "@daily",
    arguments: ["datasurface", "infrastructure", "--platform", platform.name],
    environment: [],
    labels: labelsOf(platform),
    priority: PRIORITY.MEDIUM,
  };
}

function ingestionJob(stream: Stream, urgency: (dataset: Dataset) => number): DagJob {
  const { platform, store } = stream;
  const { source, credential, trigger } = store.capture;
  const [, dataset] = partsOf(stream);
  const { name, user, password } = credentialSecret(credential);
  return {
    dag: ingestionDag(stream),
    pod: podName(platform.name, ...partsOf(stream)),
    schedule: "cron" in trigger ? trigger.cron : null,
    arguments: [
      ...["datasurface", "ingest", "--platform", platform.name, "--store", store.name],
      ...(dataset === undefined ? [] : ["--dataset", dataset]),
    ],
    environment: [
      { name: "SOURCE_HOST", value: source.host },
      { name: "SOURCE_PORT", value: String(source.port) },
      { name: "SOURCE_DATABASE", value: source.database },
      { name: "SOURCE_USER", secret: { name, key: user } },
      { name: "SOURCE_PASSWORD", secret: { name, key: password } },
    ] satisfies DagVariable[],
    labels: {
      ...labelsOf(platform),
      "datasurface/store": labelValue(store.name),
      "datasurface/stream": streamLabel(stream),
    },
    priority: Math.max(...stream.datasets.map(urgency)),
  };
}

const labelsOf = (platform: Platform) => ({
  ...LABELS.common,
  "datasurface/platform": labelValue(platform.name),
});

/** The pod of every job of a platform; Airflow adds its arguments, its labels and what is a stream's own. */
function podTemplate({ model, image, mergeHost }: DataSurfaceDagsArgs, platform: Platform) {
  const { mergeDatabase, mergeCredential, gitCredential } = model.ecosystem.provider;
  const merge = credentialSecret(mergeCredential);
  const fromSecret = (name: string, key: string, optional?: true) => ({
    valueFrom: { secretKeyRef: { name, key, ...(optional && { optional }) } },
  });
  return {
    apiVersion: "v1" as const,
    kind: "Pod" as const,
    metadata: { name: `${platformName(platform)}-job`, labels: labelsOf(platform) },
    spec: {
      serviceAccountName: DATASURFACE.serviceAccount,
      automountServiceAccountToken: false, // nothing here talks to Kubernetes
      enableServiceLinks: false, // or every Service of the namespace would add variables
      restartPolicy: "Never", // Airflow decides what follows
      activeDeadlineSeconds: DEADLINE_SECONDS,
      priorityClassName: "trellis-job",
      securityContext: restrictedPod(JOBS_USER),
      containers: [
        {
          name: JOB_CONTAINER,
          image,
          // A digest cannot come to mean another image; a tag can.
          imagePullPolicy: image.includes("@sha256:") ? "IfNotPresent" : "Always",
          securityContext: restrictedContainer,
          envFrom: [{ configMapRef: { name: gitConfigMap(platform) } }],
          env: [
            { name: "HOME", value: SCRATCH.mount.mountPath }, // git wants to read its settings there
            { name: "LOG_FORMAT", value: "json" },
            { name: "MERGE_HOST", value: mergeHost },
            { name: "MERGE_DATABASE", value: mergeDatabase },
            { name: "MERGE_USER", ...fromSecret(merge.name, merge.user) },
            { name: "MERGE_PASSWORD", ...fromSecret(merge.name, merge.password) },
            { name: "GIT_TOKEN", ...fromSecret(credentialSecret(gitCredential).name, "token", true) },
          ],
          resources: RESOURCES,
          volumeMounts: [SCRATCH.mount, GIT_CACHE],
        },
      ],
      volumes: [SCRATCH.volume, { name: GIT_CACHE.name, emptyDir: { sizeLimit: "1Gi" } }],
    },
  };
}
