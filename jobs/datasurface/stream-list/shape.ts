import { z } from "zod";

/**
 * What the DAG factory reads of a job (components/systems/airflow/dags/trellis_factory.py): its twin is there, and refuses all
 * that it does not know. The number is raised with each change that an older factory would misread.
 */
export const DAGS_VERSION = 2;

const text = z.string().min(1);

const variable = z.strictObject({ name: text, value: z.string() }).or(
  z.strictObject({
    name: text,
    secret: z.strictObject({ name: text, key: text, optional: z.boolean().optional() }),
  }),
);

const quantities = z.strictObject({ cpu: text.optional(), memory: text.optional() });

export const dagJob = z.strictObject({
  /** The DAG's id; no other has it. */
  dag: z.string().regex(/^[A-Za-z0-9_.-]{1,250}$/),
  /** What the pods' names begin with. */
  pod: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** A cron expression; null for a DAG that others trigger. */
  schedule: text.nullable(),
  /** What follows the image's entrypoint. */
  arguments: z.array(z.string()),
  /** What the pod's template does not say already. */
  environment: z.array(variable),
  labels: z.record(z.string(), z.string().regex(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/)),
  /** Who goes first where not all can run: the larger. */
  priority: z.int().min(1),
  /** What the pod may use, where it is not what the template says. */
  resources: z.strictObject({ requests: quantities, limits: quantities }).optional(),
});

const streamsSpecification = z.strictObject({
  version: z.literal(DAGS_VERSION),
  ingestion: z.array(dagJob).refine((jobs) => new Set(jobs.map(({ dag }) => dag)).size === jobs.length, {
    error: "two streams would make one DAG",
  }),
});

export type DagJob = z.infer<typeof dagJob>;

/** The file that follows the model's streams alone: replacing it brings and retires DAGs. A stream a line. */
export function streamsFile(ingestion: readonly DagJob[]): string {
  const { version, ingestion: jobs } = streamsSpecification.parse({
    version: DAGS_VERSION,
    ingestion: [...ingestion],
  });
  return `{"version":${version},"ingestion":[\n${jobs.map((each) => JSON.stringify(each)).join(",\n")}\n]}\n`;
}

/** Each platform's list is a file of its own among the DAGs, in a ConfigMap of its own. */
export const streamsFileName = (platform: string) => `${platform}.streams.json`;
