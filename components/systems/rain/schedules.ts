import type * as k8s from "@pulumi/kubernetes";
import type { Environment } from "../../settings";
import { type ImportKindName, type ImportPodArgs, importJob, importLabels } from "./import-jobs";
import { RAIN } from "./names";

interface Schedule {
  readonly name: string;
  readonly kind: ImportKindName;
  readonly words: readonly string[];
  readonly cron: string;
  readonly successesKept: number;
}

/** The scheduled imports. Times are UTC; the provider publishes by day, not by hour. */
export const SCHEDULES: readonly Schedule[] = [
  {
    name: RAIN.dailySchedule,
    kind: "currentYear",
    words: ["import-year", "current"],
    cron: "0 3 * * *",
    successesKept: 3,
  },
  {
    name: "rain-import-recent-years",
    kind: "recentYears",
    words: ["import-years", "previous", "current", "--sequential", "--continue-on-failure"],
    cron: "0 4 * * 0",
    successesKept: 2,
  },
  {
    name: "rain-refresh-official-records",
    kind: "staleRecords",
    words: ["import-fopr", "--stale-days", "30"],
    cron: "0 2 1 * *",
    successesKept: 2,
  },
];

/**
 * An import that is more than an hour late waits for its next turn. Without a deadline, Kubernetes stops a schedule
 * after 100 missed starts.
 */
const STARTING_DEADLINE_SECONDS = 3_600;

/**
 * The CronJob of a schedule. A development stack suspends it: nothing contacts the provider, and an operator can still
 * start it by hand.
 */
export function cronJob(
  { kind, words, cron, successesKept }: Schedule,
  environment: Environment,
  args: ImportPodArgs,
): k8s.types.input.batch.v1.CronJobSpec {
  return {
    schedule: cron,
    timeZone: "Etc/UTC",
    suspend: environment === "dev",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
    successfulJobsHistoryLimit: successesKept,
    failedJobsHistoryLimit: 1,
    jobTemplate: { metadata: { labels: importLabels(kind) }, spec: importJob(kind, words, args) },
  };
}
