import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Environment, OffsiteStore } from "../../settings";
import { type JobsSchedule, jobsCronJob, jobsPod, type OwnParts, secretVariable } from "../../shared/pods";
import { exporterParts } from "../exporter";
import type { ObjectStoreAccess, StoreSecrets } from "../minio";
import { LABELS, MIRROR, SECRETS } from "./names";

type Variable = k8s.types.input.core.v1.EnvVar;

/** Arguments that all pods of the mirror share. */
export interface MirrorPodArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** Object storage by the mirror's user, with the bucket of its reports. */
  readonly store: ObjectStoreAccess;
  /** Names of the Secrets of object storage that the pods use. */
  readonly secrets: StoreSecrets;
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

interface Schedule extends JobsSchedule {
  readonly verb: Verb;
}

/** What all of them have in common. */
const USUAL = { startWithinSeconds: 3_600, kept: [2, 3], cpu: "50m" } as const;

/** The scheduled jobs, and a restore, which only people start. */
export const SCHEDULES: readonly Schedule[] = [
  // A run continues where the last one was stopped, so a first copy of any size comes to its end.
  {
    ...USUAL,
    verb: "mirror",
    cron: "10 * * * *",
    endWithinHours: 24,
    attempts: 2,
    memory: ["192Mi", "512Mi"],
  },
  {
    ...USUAL,
    verb: "prune",
    cron: "20 5 * * *",
    endWithinHours: 12,
    attempts: 2,
    memory: ["128Mi", "256Mi"],
  },
  {
    ...USUAL,
    verb: "drill",
    cron: "40 6 * * 0",
    sleepsInDev: true,
    endWithinHours: 12,
    attempts: 1,
    memory: ["128Mi", "384Mi"],
  },
  { ...USUAL, verb: "restore", endWithinHours: 48, attempts: 1, memory: ["192Mi", "512Mi"] },
];

export const cronJobName = (verb: Verb): string => `object-${verb}`;

export function cronJob(
  schedule: Schedule,
  environment: Environment,
  args: MirrorPodArgs,
): k8s.types.input.batch.v1.CronJobSpec {
  const { verb, memory, cpu } = schedule;
  const pod = podOf(args, {
    container: verb,
    words: [verb],
    memory,
    cpu,
    environment: [...reportVariables(args, verb), ...variablesOf(args)[verb]],
  });
  return jobsCronJob(schedule, environment === "dev", LABELS.jobs, pod);
}

/** The exporter of the mirror's metrics. */
export const exporterPod = (args: MirrorPodArgs, port: number): k8s.types.input.core.v1.PodSpec =>
  podOf(args, exporterParts(port, [...reportVariables(args), { name: "MIRROR_PORT", value: String(port) }]));

/** Environment of the object storage. A restore writes into any bucket, so it logs in as root. */
function reportVariables({ store, secrets }: MirrorPodArgs, verb?: Verb): Variable[] {
  return [
    { name: "MIRROR_S3_ENDPOINT", value: store.endpoint },
    { name: "MIRROR_S3_REGION", value: store.region },
    { name: "MIRROR_S3_BUCKET", value: store.bucket },
    ...(verb === "restore"
      ? [
          secretVariable(SECRETS.accessKey, secrets.root.name, secrets.root.keys.user),
          secretVariable(SECRETS.secretKey, secrets.root.name, secrets.root.keys.password),
        ]
      : [secretVariable(SECRETS.accessKey, MIRROR.secret), secretVariable(SECRETS.secretKey, MIRROR.secret)]),
  ];
}

function variablesOf(args: MirrorPodArgs): Record<Verb, Variable[]> {
  const { offsite, prefix, buckets, keepDays, prunesByOwnKey } = args;
  const offsiteBy = (secret: string): Variable[] => [
    { name: "MIRROR_OFFSITE_ENDPOINT", value: offsite.endpoint },
    { name: "MIRROR_OFFSITE_REGION", value: offsite.region },
    { name: "MIRROR_OFFSITE_BUCKET", value: offsite.bucket },
    { name: "MIRROR_OFFSITE_PREFIX", value: prefix },
    secretVariable(SECRETS.offsiteAccessKey, secret),
    secretVariable(SECRETS.offsiteSecretKey, secret),
  ];
  const declared: Variable = { name: "MIRROR_BUCKETS", value: buckets.join() };
  const days: Variable = { name: "MIRROR_KEEP_DAYS", value: String(keepDays) };
  const identity = secretVariable(SECRETS.identity, MIRROR.keySecret);
  return {
    mirror: [...offsiteBy(MIRROR.secret), declared, days, secretVariable(SECRETS.recipient, MIRROR.secret)],
    prune: [...offsiteBy(prunesByOwnKey ? MIRROR.pruneSecret : MIRROR.secret), declared, days],
    drill: [...offsiteBy(MIRROR.secret), declared, identity],
    restore: [...offsiteBy(MIRROR.secret), identity],
  };
}

/** A pod that runs `jobs storage <words>`. */
const podOf = ({ image, secrets }: MirrorPodArgs, own: OwnParts): k8s.types.input.core.v1.PodSpec =>
  jobsPod(
    {
      domain: "storage",
      image,
      serviceAccount: MIRROR.serviceAccount,
      reads: secrets.authority
        ? [{ volume: { name: "authority", secret: { secretName: secrets.authority } }, folder: AUTHORITY }]
        : [],
    },
    {
      ...own,
      environment: [
        ...(secrets.authority ? [{ name: "NODE_EXTRA_CA_CERTS", value: `${AUTHORITY}/ca.crt` }] : []),
        ...own.environment,
      ],
    },
  );
