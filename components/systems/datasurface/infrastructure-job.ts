import type * as k8s from "@pulumi/kubernetes";
import type { Platform } from "../../../jobs/datasurface";
import { digest } from "../../shared/digest";
import { type DataSurfaceDagsArgs, infrastructureWords, jobPodArgs } from "./dags";
import type { ModelOrigin } from "./deployed-model";
import { infrastructurePod } from "./job-pod";

/**
 * Runs the infrastructure job once for each deployed image and model: it creates tables and views and updates the
 * stream list.
 */
export function infrastructureJob(
  args: DataSurfaceDagsArgs,
  platform: Platform,
  origin: ModelOrigin,
): k8s.types.input.batch.v1.JobSpec {
  const { metadata, spec } = infrastructurePod(jobPodArgs(args), platform);
  const containers = spec.containers.map((each) => ({ ...each, args: infrastructureWords(platform) }));
  return {
    backoffLimit: 6, // PostgreSQL may be failing over
    template: {
      metadata: {
        labels: metadata.labels,
        // New model files need a new Job. If the model is in a repository, the DAG applies its changes.
        annotations: { "trellis/model-digest": digest(JSON.stringify(origin)) },
      },
      spec: { ...spec, containers },
    },
  };
}
