import { z } from "zod";

/** The parts of the deployed CronJob that a run by hand takes over; everything else of its pod is kept as it is. */
const cronJob = z.object({
  spec: z.object({
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          metadata: z.looseObject({}).optional(),
          spec: z.looseObject({ containers: z.tuple([z.looseObject({})]) }),
        }),
      }),
    }),
  }),
});

/** Seconds after which Kubernetes removes a Job whose starter was killed. */
const FORGOTTEN_SECONDS = 600;

/** A run takes at most 30 s; the rest is for the start of the pod, and for an image that is pulled. */
const LONGEST_SECONDS = 300;

/** A Job that runs the deployed pod of the checks with other words. */
export function jobOf(
  deployed: unknown,
  { name, namespace, words }: { name: string; namespace: string; words: readonly string[] },
): object {
  const { template } = cronJob.parse(deployed).spec.jobTemplate.spec;
  const [container] = template.spec.containers;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "operations" } },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: LONGEST_SECONDS,
      ttlSecondsAfterFinished: FORGOTTEN_SECONDS,
      template: {
        metadata: template.metadata ?? {},
        spec: { ...template.spec, containers: [{ ...container, args: ["operations", ...words] }] },
      },
    },
  };
}
