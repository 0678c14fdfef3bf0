import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DAGS_VERSION, dagJob } from "../../../jobs/datasurface";

/**
 * What the DAG factory reads of a platform (dags/trellis_factory.py): its twin is there, and refuses all that it does
 * not know. The jobs of its streams are in another file, which the job that follows the model writes.
 */
const text = z.string().min(1);

/** A pod in which jobs run; its first container is called `base`. */
const template = z.looseObject({ apiVersion: z.literal("v1"), kind: z.literal("Pod") });

const platformSpecification = z.strictObject({
  version: z.literal(DAGS_VERSION),
  /** Where the pods live. */
  namespace: text,
  /** The pool that bounds how many jobs are under way at once. */
  pool: text,
  /** The pod in which the streams are ingested. */
  template,
  /** The pod of the daily work, which may write the list of streams. */
  infrastructureTemplate: template,
  /** Slack channel for task failures; needs a token in Airflow. */
  slack: z.strictObject({ channel: text }).nullable(),
  infrastructure: dagJob,
});

/** One platform's DAGs. */
export interface PlatformDags extends Omit<z.input<typeof platformSpecification>, "version"> {
  /** The platform as files and Kubernetes may be named: lower-case. */
  readonly name: string;
}

/** The name by which a pod's template marks the container that runs the job. */
export const JOB_CONTAINER = "base";

/** Kubernetes keeps the true files of a mounted ConfigMap in a folder of their own, where they shall not count twice. */
const IGNORED = "..*/\ntrellis_*.py\n";

/** What is in dags/, for all platforms. */
const SHARED = ["trellis_factory.py", "trellis_loaded.py"];

/** What the factory imports of Airflow: as a DAG's file names it too, it is loaded before a process is forked to read that. */
const OPERATORS = [
  "airflow.providers.cncf.kubernetes.operators.pod",
  "airflow.providers.standard.operators.empty",
  "airflow.providers.standard.operators.python",
  "airflow.providers.standard.operators.trigger_dagrun",
];

/** The files of Airflow's DAG folder that the deployment alone changes, as a ConfigMap holds them. */
export function dagFiles(platforms: readonly PlatformDags[]): Record<string, string> {
  return {
    ".airflowignore": IGNORED,
    ...Object.fromEntries(
      SHARED.map((name) => [name, readFileSync(join(import.meta.dirname, "dags", name), "utf8")]),
    ),
    ...Object.assign({}, ...platforms.map(platformFiles)),
  };
}

function platformFiles({ name, ...platform }: PlatformDags): Record<string, string> {
  const loader = (make: string, what: string) =>
    [
      `# ${what} of ${name}`,
      ...OPERATORS.map((module) => `import ${module}`),
      `from trellis_factory import ${make}`,
      "",
      `globals().update(${make}("${name}"))`,
      "",
    ].join("\n");
  const specification = platformSpecification.parse({ version: DAGS_VERSION, ...platform });
  return {
    [`${name}.json`]: `${JSON.stringify(specification, null, 2)}\n`,
    [`${name}.py`]: loader("infrastructure_dags", "The daily work"),
    [`${name}_streams.py`]: loader("ingestion_dags", "The streams"),
  };
}
