import { z } from "zod";

/** The fields of a pod that the local run uses; it ignores all others. */

const reference = z.looseObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() });

const source = z.looseObject({
  secretKeyRef: reference.optional(),
  configMapKeyRef: reference.optional(),
  fieldRef: z.looseObject({ fieldPath: z.string() }).optional(),
});

const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: source.optional(),
});

const whole = z.looseObject({ name: z.string(), optional: z.boolean().optional() });

const variables = z.looseObject({
  prefix: z.string().optional(),
  configMapRef: whole.optional(),
  secretRef: whole.optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(variable).default([]),
  envFrom: z.array(variables).default([]),
  volumeMounts: z
    .array(z.looseObject({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
    .default([]),
  resources: z
    .looseObject({ limits: z.looseObject({ memory: z.string().optional() }).optional() })
    .optional(),
});

const items = z.array(z.looseObject({ key: z.string(), path: z.string() })).optional();

const projection = z.looseObject({
  secret: z.looseObject({ name: z.string(), items, optional: z.boolean().optional() }).optional(),
  configMap: z.looseObject({ name: z.string(), items, optional: z.boolean().optional() }).optional(),
});

const volume = z.looseObject({
  name: z.string(),
  secret: z.looseObject({ secretName: z.string(), items, optional: z.boolean().optional() }).optional(),
  configMap: z.looseObject({ name: z.string(), items, optional: z.boolean().optional() }).optional(),
  projected: z.looseObject({ sources: z.array(projection) }).optional(),
  persistentVolumeClaim: z.looseObject({ claimName: z.string() }).optional(),
  emptyDir: z.looseObject({}).optional(),
});

export const podSpec = z.looseObject({
  containers: z.array(container).min(1),
  volumes: z.array(volume).default([]),
  serviceAccountName: z.string().optional(),
});

export type PodSpec = z.output<typeof podSpec>;
export type Container = z.output<typeof container>;
export type Volume = z.output<typeof volume>;

/** A container in its pod, with everything that its references need. */
export interface Placed {
  readonly namespace: string;
  /** The name of its pod. */
  readonly pod: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly container: Container;
}
