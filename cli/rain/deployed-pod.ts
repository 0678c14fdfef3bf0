import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { RAIN, storeIn } from "../../components/systems";
import type { Cluster } from "../shared/cluster-access";

/** The parts of a deployed CronJob that a new Job needs. */
const deployed = z.object({
  spec: z.object({
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z.tuple([
              z.object({
                image: z.string(),
                env: z.array(
                  z.object({
                    name: z.string(),
                    value: z.string().optional(),
                    valueFrom: z
                      .object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
                      .optional(),
                  }),
                ),
              }),
            ]),
          }),
        }),
      }),
    }),
  }),
});

/** The image, database and bucket of the scheduled imports, so that a manual import uses the same ones. */
export function deployedPod(cluster: Pick<Cluster, "kubectl">, namespace: string) {
  const text = cluster.kubectl(["get", "cronjob", RAIN.dailySchedule, "-n", namespace, "-o", "json"]);
  const [container] = deployed.parse(JSON.parse(text)).spec.jobTemplate.spec.template.spec.containers;
  const secret = container.env.find(({ name }) => name === "RAIN_DATABASE_URL")?.valueFrom?.secretKeyRef;
  if (!secret)
    throw new UserError(`the CronJob ${RAIN.dailySchedule} names no database; is it of this program?`);
  return { image: container.image, databaseSecret: secret, store: storeIn(container.env) };
}
