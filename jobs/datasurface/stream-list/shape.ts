import { z } from "zod";

/**
 * The job format that the DAG factory reads (components/systems/airflow/dags/trellis_factory.py). The factory has the
 * same schema and refuses everything else. Raise the version with each change that an older factory would misread.
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
  /** The DAG's unique id. */
  dag: z.string().regex(/^[A-Za-z0-9_.-]{1,250}$/),
  /** Prefix of the pods' names. */
  pod: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** A cron expression; null for a DAG that other DAGs trigger. */
  schedule: text.nullable(),
  /** Arguments after the image's entrypoint. */
  arguments: z.array(z.string()),
  /** Variables that the pod template lacks. */
  environment: z.array(variable),
  labels: z.record(z.string(), z.string().regex(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/)),
  /** Where not all jobs can run, a larger number runs first. */
  priority: z.int().min(1),
  /** Resource requests and limits where they differ from the pod template. */
  resources: z.strictObject({ requests: quantities, limits: quantities }).optional(),
});

const streamsSpecification = z.strictObject({
  version: z.literal(DAGS_VERSION),
  ingestion: z.array(dagJob).refine((jobs) => new Set(jobs.map(({ dag }) => dag)).size === jobs.length, {
    error: "two streams would make one DAG",
  }),
});

export type DagJob = z.infer<typeof dagJob>;

/** The file with the model's streams only: replacing it adds and removes DAGs. One stream per line. */
export function streamsFile(ingestion: readonly DagJob[]): string {
  const { version, ingestion: jobs } = streamsSpecification.parse({
    version: DAGS_VERSION,
    ingestion: [...ingestion],
  });
  return `{"version":${version},"ingestion":[\n${jobs.map((each) => JSON.stringify(each)).join(",\n")}\n]}\n`;
}

/** Each platform's list is a separate file among the DAGs, in a separate ConfigMap. */
export const streamsFileName = (platform: string) => `${platform}.streams.json`;
