import type * as k8s from "@pulumi/kubernetes";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { LABELS, RAIN } from "./names";
import { databaseAccess, type RainPodArgs } from "./rain-pod";

/**
 * Brings the tables to what the image's jobs expect, once an image. A step that fails leaves the schema as it was, says
 * which statement failed, and ends the Job; what needs the new tables is then not touched.
 */
export function migrationJob({ image, databaseSecret }: RainPodArgs): k8s.types.input.batch.v1.JobSpec {
  const database = databaseAccess("MIGRATE", databaseSecret);
  return {
    backoffLimit: 3, // the leader may just be changing
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
