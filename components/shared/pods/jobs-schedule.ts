import type * as k8s from "@pulumi/kubernetes";
import type { OwnParts } from "./jobs-pod";

/** When a verb of the jobs image runs, and within which limits. */
export interface JobsSchedule {
  /** Cron expression in UTC; absent for a job that only people start: `kubectl create job --from=cronjob/<name>`. */
  readonly cron?: string;
  /** Suspended in dev. */
  readonly sleepsInDev?: true;
  /** A run that could not start within this time is skipped until the next one. */
  readonly startWithinSeconds: number;
  /** A run that takes longer is stopped. */
  readonly endWithinHours: number;
  /** How many pods a run may try. */
  readonly attempts: number;
  /** How many ended Jobs are kept: successful and failed ones. */
  readonly kept: readonly [good: number, failed: number];
  readonly memory: OwnParts["memory"];
  readonly cpu: string;
}

const HOUR = 3_600;

/** Keeps an ended Job and its log, so that people can find out what happened. */
const KEPT_SECONDS = 7 * 24 * HOUR;

/** Placeholder: a CronJob needs a schedule, but this one is suspended and runs only by hand. */
const NEVER = "0 0 1 1 *";

/** A CronJob that runs the pod by the schedule. What people start comes before what runs by itself. */
export function jobsCronJob(
  schedule: JobsSchedule,
  inDev: boolean,
  labels: Record<string, string>,
  pod: k8s.types.input.core.v1.PodSpec,
): k8s.types.input.batch.v1.CronJobSpec {
  const { cron, sleepsInDev, kept } = schedule;
  return {
    schedule: cron ?? NEVER,
    timeZone: "Etc/UTC",
    suspend: cron === undefined || (inDev && sleepsInDev === true),
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: schedule.startWithinSeconds,
    successfulJobsHistoryLimit: kept[0],
    failedJobsHistoryLimit: kept[1],
    jobTemplate: {
      metadata: { labels },
      spec: {
        backoffLimit: schedule.attempts - 1,
        activeDeadlineSeconds: schedule.endWithinHours * HOUR,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        template: {
          metadata: { labels },
          spec: {
            ...pod,
            restartPolicy: "Never", // each attempt is a new pod, so that its log can be read
            priorityClassName: cron === undefined ? "trellis-service" : "trellis-job",
          },
        },
      },
    },
  };
}
