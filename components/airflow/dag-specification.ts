import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/**
 * What the DAG factory reads (dags/trellis_factory.py): its twin is there, and refuses all that it does not know. The
 * number is raised with each change that an older factory would misread.
 */
const VERSION = 1;

const text = z.string().min(1);

const variable = z.strictObject({ name: text, value: z.string() }).or(
  z.strictObject({
    name: text,
    secret: z.strictObject({ name: text, key: text, optional: z.boolean().optional() }),
  }),
);

const job = z.strictObject({
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
});

const platformSpecification = z.strictObject({
  version: z.literal(VERSION),
  /** Where the pods live. */
  namespace: text,
  /** The pod in which every job of the platform runs; its first container is called `base`. */
  template: z.looseObject({ apiVersion: z.literal("v1"), kind: z.literal("Pod") }),
  /** Where failures are told, given that Airflow has a token. */
  slack: z.strictObject({ channel: text }).nullable(),
  infrastructure: job,
});

const streamsSpecification = z.strictObject({
  version: z.literal(VERSION),
  ingestion: z.array(job).refine((jobs) => new Set(jobs.map(({ dag }) => dag)).size === jobs.length, {
    error: "two streams would make one DAG",
  }),
});

export type DagVariable = z.infer<typeof variable>;
export type DagJob = z.infer<typeof job>;

/** One platform's DAGs. */
export interface PlatformDags extends Omit<z.input<typeof platformSpecification>, "version"> {
  /** The platform as files and Kubernetes may be named: lower-case. */
  readonly name: string;
  /** One DAG for each stream. */
  readonly ingestion: readonly DagJob[];
}

/** The name by which a pod's template marks the container that runs the job. */
export const JOB_CONTAINER = "base";

/** Kubernetes keeps the true files of a mounted ConfigMap in a folder of their own, where they shall not count twice. */
const IGNORED = "..*/\ntrellis_factory.py\n";

/** The files of Airflow's DAG folder, as a ConfigMap holds them. */
export function dagFiles(platforms: readonly PlatformDags[]): Record<string, string> {
  return {
    ".airflowignore": IGNORED,
    "trellis_factory.py": readFileSync(join(import.meta.dirname, "dags", "trellis_factory.py"), "utf8"),
    ...Object.assign({}, ...platforms.map(platformFiles)),
  };
}

function platformFiles({ name, ingestion, ...platform }: PlatformDags): Record<string, string> {
  return {
    [`${name}.py`]: `from trellis_factory import make_dags  # the DAGs of ${name}, for airflow\n\nglobals().update(make_dags("${name}"))\n`,
    [`${name}.json`]: json(platformSpecification.parse({ version: VERSION, ...platform })),
    [`${name}.streams.json`]: streamsFile(ingestion),
  };
}

/** The file that follows the model's streams alone: replacing it brings and retires DAGs, and nothing restarts. */
export function streamsFile(ingestion: readonly DagJob[]): string {
  return json(streamsSpecification.parse({ version: VERSION, ingestion: [...ingestion] }));
}

/** A stream a line, since ConfigMaps hold a mebibyte. */
const json = ({ ingestion, ...rest }: Record<string, unknown>) =>
  Array.isArray(ingestion)
    ? `{"version":${VERSION},"ingestion":[\n${ingestion.map((each) => JSON.stringify(each)).join(",\n")}\n]}\n`
    : `${JSON.stringify(rest, null, 2)}\n`;
