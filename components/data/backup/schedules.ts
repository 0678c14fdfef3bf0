import type * as k8s from "@pulumi/kubernetes";
import type { Environment } from "../../settings";
import { type JobsSchedule, jobsCronJob, type OwnParts } from "../../shared/pods";
import {
  type BackupPodArgs,
  backupPod,
  copyVariables,
  pruneVariables,
  restoreVariables,
  sourceVariables,
} from "./backup-pod";
import { drillPod, scratchVariables } from "./drill-pod";
import { LABELS } from "./names";

type Verb = "create" | "verify" | "prune" | "copy" | "prune-copies" | "drill" | "monitor" | "restore";

interface Schedule extends JobsSchedule {
  readonly verb: Verb;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** The scheduled jobs, and a restore, which only people start: `kubectl create job --from=cronjob/backup-restore`. */
const SCHEDULES: readonly Schedule[] = [
  {
    verb: "create",
    cron: "0 2 * * *",
    startWithinSeconds: 6 * HOUR, // a cluster that was down at night makes its backup once it is back
    endWithinHours: 6,
    attempts: 3,
    kept: [3, 3],
    memory: ["256Mi", "768Mi"],
    cpu: "250m",
  },
  {
    verb: "verify",
    cron: "0 */4 * * *",
    sleepsInDev: true,
    startWithinSeconds: HOUR,
    endWithinHours: 3,
    attempts: 2,
    kept: [2, 3],
    memory: ["192Mi", "512Mi"],
    cpu: "100m",
  },
  {
    verb: "copy",
    cron: "30 3 * * *",
    startWithinSeconds: 6 * HOUR,
    endWithinHours: 12,
    attempts: 3,
    kept: [2, 3],
    memory: ["192Mi", "512Mi"],
    cpu: "100m",
  },
  {
    verb: "prune",
    cron: "30 4 * * *",
    startWithinSeconds: 6 * HOUR,
    endWithinHours: 1,
    attempts: 3,
    kept: [2, 3],
    memory: ["128Mi", "256Mi"],
    cpu: "50m",
  },
  {
    verb: "prune-copies",
    cron: "50 4 * * *",
    startWithinSeconds: 6 * HOUR,
    endWithinHours: 1,
    attempts: 3,
    kept: [2, 3],
    memory: ["128Mi", "256Mi"],
    cpu: "50m",
  },
  {
    verb: "drill",
    cron: "0 5 * * 0",
    sleepsInDev: true,
    startWithinSeconds: DAY,
    endWithinHours: 12,
    // A retry would start with an empty server too, and a failure needs a look.
    attempts: 1,
    kept: [2, 3],
    memory: ["256Mi", "768Mi"],
    cpu: "250m",
  },
  {
    verb: "monitor",
    cron: "15 * * * *",
    sleepsInDev: true,
    startWithinSeconds: HOUR / 2,
    endWithinHours: 0.25,
    attempts: 1,
    kept: [1, 3],
    memory: ["128Mi", "256Mi"],
    cpu: "50m",
  },
  {
    verb: "restore",
    startWithinSeconds: HOUR,
    endWithinHours: 48,
    attempts: 1, // a person watches it
    kept: [3, 3],
    memory: ["256Mi", "768Mi"],
    cpu: "250m",
  },
];

export const cronJobName = (verb: Verb): string => `backup-${verb}`;

/** The schedules of a stack. Without an off-site store there are no copies; without a key for it, `copy` prunes them. */
export const schedulesOf = ({ offsite }: Pick<BackupPodArgs, "offsite">): Schedule[] =>
  SCHEDULES.filter(
    ({ verb }) => (verb !== "copy" || offsite) && (verb !== "prune-copies" || offsite?.prunesByOwnKey),
  );

export const cronJob = (
  schedule: Schedule,
  environment: Environment,
  args: BackupPodArgs,
): k8s.types.input.batch.v1.CronJobSpec =>
  jobsCronJob(schedule, environment === "dev", labelsOf(schedule.verb), podOf(schedule, args));

/** Pods that reach the off-site store have their own label: the network policy allows egress to the internet by it alone. */
const labelsOf = (verb: Verb) => (["copy", "prune-copies"].includes(verb) ? LABELS.copy : LABELS.jobs);

function podOf({ verb, memory, cpu }: Schedule, args: BackupPodArgs): k8s.types.input.core.v1.PodSpec {
  const environment = {
    create: sourceVariables(args),
    verify: [],
    copy: copyVariables(args),
    "prune-copies": pruneVariables(args),
    prune: [],
    drill: [...scratchVariables],
    monitor: [],
    restore: restoreVariables(args),
  }[verb];
  const retention = ["create", "copy", "prune", "prune-copies"].includes(verb)
    ? [{ name: "BACKUP_RETENTION_DAYS", value: String(args.retentionDays) }]
    : [];
  const own: OwnParts = {
    container: verb,
    words: [verb],
    memory,
    cpu,
    environment: [...environment, ...retention],
  };
  return verb === "drill" ? drillPod(args, own) : backupPod(args, own);
}
