import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Environment, OffsiteStore } from "../../settings";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import type { MinIO, ObjectStoreAccess } from "../minio";
import { LABELS, MIRROR, SECRETS } from "./names";

type Variable = k8s.types.input.core.v1.EnvVar;

/** Arguments that all pods of the mirror share. */
export interface MirrorPodArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** Object storage by the mirror's user, with the bucket of its reports. */
  readonly store: ObjectStoreAccess;
  /** Names of the Secrets of object storage that the pods use. */
  readonly secrets: MinIO["secrets"];
  /** The store off the cluster. */
  readonly offsite: Pick<OffsiteStore, "endpoint" | "region" | "bucket">;
  /** Prefix of all copies in the off-site bucket. */
  readonly prefix: string;
  /** Names of the buckets that are copied. */
  readonly buckets: readonly string[];
  /** Days for which the copy keeps what was replaced or deleted. */
  readonly keepDays: number;
  /** Whether there is a key of its own for deletions off-site. */
  readonly prunesByOwnKey: boolean;
}

const AUTHORITY = "/etc/trellis/minio";

type Verb = "mirror" | "prune" | "drill" | "restore";

interface Schedule {
  readonly verb: Verb;
  /** Cron expression in UTC; absent for a job that only people start. */
  readonly cron?: string;
  readonly sleepsInDev?: true;
  readonly endWithinHours: number;
  readonly attempts: number;
  readonly memory: readonly [request: string, limit: string];
}

const HOUR = 3_600;

/** The scheduled jobs, and a restore, which only people start. */
export const SCHEDULES: readonly Schedule[] = [
  // A run continues where the last one was stopped, so a first copy of any size comes to its end.
  { verb: "mirror", cron: "10 * * * *", endWithinHours: 24, attempts: 2, memory: ["192Mi", "512Mi"] },
  { verb: "prune", cron: "20 5 * * *", endWithinHours: 12, attempts: 2, memory: ["128Mi", "256Mi"] },
  {
    verb: "drill",
    cron: "40 6 * * 0",
    sleepsInDev: true,
    endWithinHours: 12,
    attempts: 1,
    memory: ["128Mi", "384Mi"],
  },
  { verb: "restore", endWithinHours: 48, attempts: 1, memory: ["192Mi", "512Mi"] },
];

/** Placeholder: a CronJob needs a schedule, but this one is suspended and runs only by hand. */
const NEVER = "0 0 1 1 *";

export const cronJobName = (verb: Verb): string => `object-${verb}`;

export function cronJob(
  { verb, cron, sleepsInDev, endWithinHours, attempts, memory }: Schedule,
  environment: Environment,
  args: MirrorPodArgs,
): k8s.types.input.batch.v1.CronJobSpec {
  return {
    schedule: cron ?? NEVER,
    timeZone: "Etc/UTC",
    suspend: cron === undefined || (environment === "dev" && sleepsInDev === true),
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: HOUR,
    successfulJobsHistoryLimit: 2,
    failedJobsHistoryLimit: 3,
    jobTemplate: {
      metadata: { labels: LABELS.jobs },
      spec: {
        backoffLimit: attempts - 1,
        activeDeadlineSeconds: endWithinHours * HOUR,
        ttlSecondsAfterFinished: 7 * 24 * HOUR,
        template: {
          metadata: { labels: LABELS.jobs },
          spec: {
            ...podOf(args, {
              container: verb,
              words: [verb],
              memory,
              cpu: "50m",
              environment: [...reportVariables(args, verb), ...variablesOf(args)[verb]],
            }),
            restartPolicy: "Never", // each attempt is a new pod, so that its log can be read
            priorityClassName: verb === "restore" ? "trellis-service" : "trellis-job",
          },
        },
      },
    },
  };
}

/** The exporter of the mirror's metrics. */
export function exporterPod(args: MirrorPodArgs, port: number): k8s.types.input.core.v1.PodSpec {
  const probe = { httpGet: { path: "/health", port: "metrics" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    ...podOf(args, {
      container: "exporter",
      words: ["serve-metrics"],
      memory: ["96Mi", "192Mi"],
      cpu: "25m",
      environment: [...reportVariables(args), { name: "MIRROR_PORT", value: String(port) }],
      serving: {
        ports: [{ name: "metrics", containerPort: port }],
        livenessProbe: { ...probe, initialDelaySeconds: 10, failureThreshold: 6 },
        readinessProbe: probe,
      },
    }),
    priorityClassName: "trellis-service",
  };
}

const fromSecret = (secret: pulumi.Input<string>, name: string, key = name): Variable => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** Environment of the object storage. A restore writes into any bucket, so it logs in as root. */
function reportVariables({ store, secrets }: MirrorPodArgs, verb?: Verb): Variable[] {
  return [
    { name: "MIRROR_S3_ENDPOINT", value: store.endpoint },
    { name: "MIRROR_S3_REGION", value: store.region },
    { name: "MIRROR_S3_BUCKET", value: store.bucket },
    ...(verb === "restore"
      ? [
          fromSecret(secrets.root.name, SECRETS.accessKey, secrets.root.keys.user),
          fromSecret(secrets.root.name, SECRETS.secretKey, secrets.root.keys.password),
        ]
      : [fromSecret(MIRROR.secret, SECRETS.accessKey), fromSecret(MIRROR.secret, SECRETS.secretKey)]),
  ];
}

function variablesOf(args: MirrorPodArgs): Record<Verb, Variable[]> {
  const { offsite, prefix, buckets, keepDays, prunesByOwnKey } = args;
  const offsiteBy = (secret: string): Variable[] => [
    { name: "MIRROR_OFFSITE_ENDPOINT", value: offsite.endpoint },
    { name: "MIRROR_OFFSITE_REGION", value: offsite.region },
    { name: "MIRROR_OFFSITE_BUCKET", value: offsite.bucket },
    { name: "MIRROR_OFFSITE_PREFIX", value: prefix },
    fromSecret(secret, SECRETS.offsiteAccessKey),
    fromSecret(secret, SECRETS.offsiteSecretKey),
  ];
  const declared: Variable = { name: "MIRROR_BUCKETS", value: buckets.join() };
  const days: Variable = { name: "MIRROR_KEEP_DAYS", value: String(keepDays) };
  const identity = fromSecret(MIRROR.keySecret, SECRETS.identity);
  return {
    mirror: [...offsiteBy(MIRROR.secret), declared, days, fromSecret(MIRROR.secret, SECRETS.recipient)],
    prune: [...offsiteBy(prunesByOwnKey ? MIRROR.pruneSecret : MIRROR.secret), declared, days],
    drill: [...offsiteBy(MIRROR.secret), declared, identity],
    restore: [...offsiteBy(MIRROR.secret), identity],
  };
}

interface OwnParts {
  readonly container: string;
  /** Arguments after `jobs storage`. */
  readonly words: readonly string[];
  readonly environment: readonly Variable[];
  readonly memory: readonly [request: string, limit: string];
  readonly cpu: string;
  readonly serving?: Pick<k8s.types.input.core.v1.Container, "ports" | "livenessProbe" | "readinessProbe">;
}

/** A pod that runs `jobs storage <words>`. */
function podOf({ image, secrets }: MirrorPodArgs, own: OwnParts): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: MIRROR.serviceAccount,
    automountServiceAccountToken: false, // no pod of the mirror uses the Kubernetes API
    enableServiceLinks: false,
    securityContext: restrictedPod(JOBS_USER),
    containers: [
      {
        name: own.container,
        image,
        args: ["storage", ...own.words],
        securityContext: restrictedContainer,
        env: [
          { name: "LOG_FORMAT", value: "json" },
          { name: "NODE_EXTRA_CA_CERTS", value: `${AUTHORITY}/ca.crt` },
          ...own.environment,
        ],
        resources: {
          requests: { cpu: own.cpu, memory: own.memory[0] },
          limits: { memory: own.memory[1] },
        },
        ...own.serving,
        volumeMounts: [{ name: "authority", mountPath: AUTHORITY, readOnly: true }, SCRATCH.mount],
      },
    ],
    volumes: [{ name: "authority", secret: { secretName: secrets.authority } }, SCRATCH.volume],
  };
}
