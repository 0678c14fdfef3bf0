import type * as k8s from "@pulumi/kubernetes";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { LABELS, RAIN } from "./names";
import { databaseAccess, type RainPodArgs } from "./rain-pod";

/**
 * Migrates the schema for the image's jobs, once for each image. A failed step rolls back, logs the failed statement
 * and fails the Job; resources that need the new tables then stay unchanged.
 */
export function migrationJob({ image, databaseSecret }: RainPodArgs): k8s.types.input.batch.v1.JobSpec {
  const database = databaseAccess("MIGRATE", databaseSecret);
  return {
    backoffLimit: 3, // PostgreSQL may be failing over
    activeDeadlineSeconds: 1800,
    template: {
      metadata: { labels: LABELS.migration },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: RAIN.serviceAccount,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: restrictedPod(JOBS_USER),
        containers: [
          {
            name: "migrate",
            image,
            args: ["postgres", "migrate", "up", "rain"],
            env: database.env,
            securityContext: restrictedContainer,
            resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "256Mi" } },
            volumeMounts: [SCRATCH.mount, database.mount],
          },
        ],
        volumes: [SCRATCH.volume, database.volume],
      },
    },
  };
}
