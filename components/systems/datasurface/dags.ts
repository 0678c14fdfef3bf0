import type { Model, Platform } from "../../../jobs/datasurface";
import {
  type DagJob,
  infrastructureDag,
  PRIORITY,
  platformLabels,
  platformName,
  podName,
} from "../../../jobs/datasurface";
import type { PlatformDags } from "../airflow";
import { type IngestionArgs, infrastructurePod, ingestionPod, type JobPodArgs } from "./job-pod";
import { DATASURFACE } from "./names";

export interface DataSurfaceDagsArgs extends IngestionArgs {
  /** The data model: platforms, stores and streams. */
  readonly model: Model;

  /** The namespace of the jobs' pods. */
  readonly namespace: string;

  /** Slack channel for task failures. @default no notifications */
  readonly slackChannel?: string;

  /**
   * When a platform's daily infrastructure job runs: a cron expression or preset of Airflow.
   * @default @daily (midnight UTC)
   */
  readonly infrastructureSchedule?: string;
}

/** The DAG specifications of all platforms of the model, without their streams. */
export function dataSurfaceDags(args: DataSurfaceDagsArgs): PlatformDags[] {
  const pod = jobPodArgs(args);
  return args.model.ecosystem.platforms.map((platform) => ({
    name: platformName(platform),
    namespace: args.namespace,
    pool: DATASURFACE.pool,
    template: ingestionPod(pod, platform),
    infrastructureTemplate: infrastructurePod(pod, platform),
    slack: args.slackChannel === undefined ? null : { channel: args.slackChannel },
    infrastructure: infrastructureJob(args, platform),
  }));
}

export const jobPodArgs = ({
  model,
  image,
  mergeHost,
  datasetsAtOnce = 1,
  airflowNamespace,
  traces,
  carriesModel,
}: DataSurfaceDagsArgs): JobPodArgs => ({
  image,
  mergeHost,
  datasetsAtOnce,
  airflowNamespace,
  traces,
  carriesModel,
  provider: model.ecosystem.provider,
});

export const infrastructureWords = (platform: Platform) => [
  ...["datasurface", "infrastructure", "--platform", platform.name],
];

function infrastructureJob({ infrastructureSchedule }: DataSurfaceDagsArgs, platform: Platform): DagJob {
  return {
    dag: infrastructureDag(platform),
    pod: podName(platform.name, "infrastructure"),
    schedule: infrastructureSchedule ?? "@daily",
    arguments: infrastructureWords(platform),
    environment: [],
    labels: platformLabels(platform),
    priority: PRIORITY.MEDIUM,
  };
}
