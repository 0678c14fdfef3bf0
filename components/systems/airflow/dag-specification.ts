import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DAGS_VERSION, dagJob } from "../../../jobs/datasurface";

/**
 * The specification of a platform, which the DAG factory reads. Its counterpart, dags/trellis_factory.py, refuses
 * unknown fields. The jobs of the streams are in a separate file, which the infrastructure job writes from the model.
 */
const text = z.string().min(1);

/** The pod that runs a job; its first container is called `base`. */
const template = z.looseObject({ apiVersion: z.literal("v1"), kind: z.literal("Pod") });

const platformSpecification = z.strictObject({
  version: z.literal(DAGS_VERSION),
  /** The namespace of the pods. */
  namespace: text,
  /** The pool that limits how many jobs are active at once. */
  pool: text,
  /** The pod of ingestion jobs. */
  template,
  /** The pod of the daily infrastructure job, which may write the stream list. */
  infrastructureTemplate: template,
  /** Slack channel for task failures; needs a token in Airflow. */
  slack: z.strictObject({ channel: text }).nullable(),
  infrastructure: dagJob,
});

/** The specification of one platform's DAGs. */
export interface PlatformDags extends Omit<z.input<typeof platformSpecification>, "version"> {
  /** The platform's name in lower case, as file names and Kubernetes names need it. */
  readonly name: string;
}

/** The name of the container that runs the job in a pod template. Airflow's pod operator expects it. */
export const JOB_CONTAINER = "base";

/**
 * Kubernetes keeps the real files of a mounted ConfigMap in a hidden `..` folder; Airflow must not parse them twice.
 */
const IGNORED = "..*/\ntrellis_*.py\n";

/** The files of dags/ that all platforms share. */
const SHARED = ["trellis_factory.py", "trellis_loaded.py"];

/**
 * The Airflow modules that the factory imports. Each DAG file imports them too: Airflow then loads them before it forks
 * the process that parses the file.
 */
const OPERATORS = [
  "airflow.providers.cncf.kubernetes.operators.pod",
  "airflow.providers.standard.operators.empty",
  "airflow.providers.standard.operators.python",
  "airflow.providers.standard.operators.trigger_dagrun",
];

/** The files of Airflow's DAG folder that only a deployment changes, as ConfigMap data. */
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
