import type * as k8s from "@pulumi/kubernetes";
import { ARCHIVE_PATH } from "./configuration";
import { type ImportStore, storeAccess } from "./file-store";
import { LABELS, RAIN } from "./names";
import { type RainPodArgs, type Resources, rainPod } from "./rain-pod";

export interface ImportPodArgs extends RainPodArgs {
  /** The bucket that keeps every file. @default none: only the volume keeps them */
  readonly store?: ImportStore | undefined;
}

/** How an import runs, however it was started. */
interface ImportKind {
  /** The value of the label `job-type`, and the prefix of the Jobs' names. */
  readonly jobType: string;
  readonly backoffLimit: number;
  /** How long Kubernetes keeps a finished Job. */
  readonly ttlSeconds: number;
  /**
   * A run of this length is stuck. The limit follows from the number of files: imports send one request in two seconds.
   */
  readonly deadlineSeconds: number;
  readonly resources: Resources;
}

const DAY = 86_400;

const SMALL: Resources = { cpu: ["100m", "250m"], memory: ["128Mi", "256Mi"] };
const RECORDS: Resources = { cpu: ["250m", "500m"], memory: ["256Mi", "512Mi"] };
const YEAR: Resources = { cpu: ["250m", "1"], memory: ["256Mi", "1Gi"] };
const BULK: Resources = { cpu: ["500m", "2"], memory: ["512Mi", "2Gi"] };

/** The kinds of imports, with the figures of the service that this one replaces. */
export const IMPORT_KINDS = {
  singleYear: {
    jobType: "historical-single-year",
    backoffLimit: 1,
    ttlSeconds: DAY,
    deadlineSeconds: 1_800,
    resources: YEAR,
  },
  bulk: {
    jobType: "historical-bulk-import",
    backoffLimit: 2,
    ttlSeconds: 2 * DAY,
    deadlineSeconds: 3_600,
    resources: BULK,
  },
  bulkSequential: {
    jobType: "historical-bulk-import-sequential",
    backoffLimit: 2,
    ttlSeconds: 2 * DAY,
    deadlineSeconds: 7_200,
    resources: BULK,
  },
  allRecords: {
    jobType: "fopr-metadata-import",
    backoffLimit: 3,
    ttlSeconds: DAY,
    deadlineSeconds: 7_200,
    resources: RECORDS,
  },
  oneRecord: {
    jobType: "fopr-single-gauge",
    backoffLimit: 2,
    ttlSeconds: DAY,
    deadlineSeconds: 600,
    resources: SMALL,
  },
  currentYear: {
    jobType: "historical-import-cron",
    backoffLimit: 2,
    ttlSeconds: DAY,
    deadlineSeconds: 1_800,
    resources: YEAR,
  },
  recentYears: {
    jobType: "historical-import-recent-cron",
    backoffLimit: 2,
    ttlSeconds: 2 * DAY,
    deadlineSeconds: 3_600,
    resources: BULK,
  },
  staleRecords: {
    jobType: "fopr-metadata-cron",
    backoffLimit: 3,
    ttlSeconds: 2 * DAY,
    deadlineSeconds: 7_200,
    resources: RECORDS,
  },
} as const satisfies Record<string, ImportKind>;

export type ImportKindName = keyof typeof IMPORT_KINDS;

/** The kind of import that a command runs. */
export function kindOf(words: readonly string[]): ImportKindName {
  const [verb] = words;
  if (verb === "import-year") return "singleYear";
  if (verb === "import-years") return words.includes("--sequential") ? "bulkSequential" : "bulk";
  return words.some((word) => word === "--gauge" || word.startsWith("--gauge=")) ? "oneRecord" : "allRecords";
}

export function importLabels(name: ImportKindName): Record<string, string> {
  return { ...LABELS.import, "job-type": IMPORT_KINDS[name].jobType };
}

/** The Job of an import. Its pod archives every fetched file, so it can be killed and restarted at any moment. */
export function importJob(
  name: ImportKindName,
  words: readonly string[],
  args: ImportPodArgs,
): k8s.types.input.batch.v1.JobSpec {
  const store = storeAccess(args.store);
  const { backoffLimit, ttlSeconds, deadlineSeconds, resources } = IMPORT_KINDS[name];
  return {
    backoffLimit,
    ttlSecondsAfterFinished: ttlSeconds,
    activeDeadlineSeconds: deadlineSeconds,
    template: {
      metadata: { labels: importLabels(name) },
      spec: {
        ...rainPod(args, {
          container: "import",
          words,
          resources,
          environment: { RAIN_PARSE_MEMORY_MIB: String(parserShareMib(resources)) },
          variables: store.env,
          mounts: [{ name: "archive", mountPath: ARCHIVE_PATH }, ...store.mounts],
          volumes: [
            { name: "archive", persistentVolumeClaim: { claimName: RAIN.archiveClaim } },
            ...store.volumes,
          ],
        }),
        restartPolicy: "OnFailure",
        priorityClassName: "trellis-job",
      },
    },
  };
}

/**
 * Limits the parser's memory, so that a hostile file ends in an error with its name and not in an OOM kill of the pod.
 */
function parserShareMib({ memory }: Resources): number {
  const limit = memory[1];
  const mebibytes = Number.parseInt(limit, 10) * (limit.endsWith("Gi") ? 1024 : 1);
  return Math.min(512, mebibytes / 2);
}
