import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { AirflowProcess } from "../../settings";
import { restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { AUTHORITIES_FOLDER, type ConfigurationArgs, configuration } from "./configuration";
import { AIRFLOW, AIRFLOW_HOME, AIRFLOW_IMAGE, AIRFLOW_USER, DAGS_FOLDER, labelsOf, PORTS } from "./names";
import { waitsToBeLetIn } from "./wait-for-database";

/** One file of the DAG folder that comes from a ConfigMap of another writer. */
export interface StreamList {
  /** The name of the ConfigMap, in Airflow's namespace. It may not exist yet. */
  readonly configMap: string;
  /** The key in the ConfigMap, and the name of the file. */
  readonly file: string;
}

export interface AirflowPodArgs extends ConfigurationArgs {
  /** The stream lists of the platforms, as files of the DAG folder. */
  readonly streamLists: readonly StreamList[];

  /** Whether DAGs start pods. */
  readonly runsPods: boolean;

  /** A digest of everything that a process reads only at its start; a new digest restarts the pods. */
  readonly configDigest: pulumi.Input<string>;
}

type Container = k8s.types.input.core.v1.Container;

interface Part {
  readonly name: string;
  /** The arguments after `airflow`. */
  readonly words: readonly string[];
  readonly serving: Pick<Container, "ports" | "startupProbe" | "livenessProbe" | "readinessProbe">;
  /** Whether it starts and watches pods; only then its pod gets the token of its service account. */
  readonly runsPods: boolean;
  readonly memory: readonly [request: string, limit: string];
}

/** A start takes half a minute alone, and minutes where many processes start at once. */
const STARTING = { periodSeconds: 10, failureThreshold: 60 };

const answers = (path: string, port: number): Part["serving"] => {
  const probe = { httpGet: { path, port }, timeoutSeconds: 10 };
  return {
    ports: [{ containerPort: port }],
    startupProbe: { ...probe, ...STARTING },
    livenessProbe: { ...probe, periodSeconds: 30, failureThreshold: 5 },
    readinessProbe: { ...probe, periodSeconds: 10 },
  };
};

/**
 * Processes without a port report their heartbeat to the database. The check starts the Airflow CLI, which is slow, so
 * it runs rarely.
 */
const reports = (job: string): Part["serving"] => {
  const command = ["airflow", "jobs", "check", "--job-type", job, "--local"];
  const probe = { exec: { command }, timeoutSeconds: 60 };
  return {
    startupProbe: { ...probe, initialDelaySeconds: 15, periodSeconds: 30, failureThreshold: 20 },
    livenessProbe: { ...probe, periodSeconds: 120, failureThreshold: 3 },
  };
};

/** Requests are what docs/airflow.md measures and a reserve; a worker of the scheduler comes and goes. */
export const PARTS = {
  apiServer: {
    name: AIRFLOW.apiServer,
    words: ["api-server", "--port", String(PORTS.api), "--proxy-headers"],
    serving: answers("/api/v2/monitor/health", PORTS.api),
    runsPods: false,
    memory: ["448Mi", "2Gi"],
  },
  scheduler: {
    name: AIRFLOW.scheduler,
    words: ["scheduler"],
    serving: answers("/health", PORTS.schedulerHealth),
    runsPods: true,
    memory: ["1024Mi", "2560Mi"],
  },
  dagProcessor: {
    name: AIRFLOW.dagProcessor,
    words: ["dag-processor"],
    serving: reports("DagProcessorJob"),
    runsPods: false,
    memory: ["384Mi", "1Gi"],
  },
  triggerer: {
    name: AIRFLOW.triggerer,
    words: ["triggerer"],
    serving: reports("TriggererJob"),
    runsPods: true,
    memory: ["640Mi", "1Gi"],
  },
} as const satisfies Record<AirflowProcess, Part>;

export function partDeployment(
  key: AirflowProcess,
  replicas: number,
  args: AirflowPodArgs,
): k8s.types.input.apps.v1.DeploymentSpec {
  const part = PARTS[key];
  return {
    replicas,
    selector: { matchLabels: labelsOf(part.name) },
    // One pod at a time and no extra pod: the database limits the number of sessions.
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    template: {
      metadata: {
        labels: labelsOf(part.name),
        annotations: { "trellis/config-digest": args.configDigest },
      },
      spec: {
        ...airflowPod(args, { part: key, words: part.words, memory: part.memory, serving: part.serving }),
        serviceAccountName: part.name,
        automountServiceAccountToken: part.runsPods && args.runsPods,
        priorityClassName: "trellis-service",
      },
    },
  };
}

/**
 * Migrates the metadata database to the current release, creates the administrator if there is none, and sets the pool
 * sizes. Deferred tasks count against a pool. An existing administrator keeps the password set in the web interface.
 */
export function migrationScript(pools: Readonly<Record<string, number>>): string {
  return [
    "airflow db migrate",
    // Without a terminal, Airflow reads the password and its repetition from stdin. As an argument, every process of
    // the node could read it.
    'printf "%s\\n%s\\n" "$TRELLIS_ADMIN_PASSWORD" "$TRELLIS_ADMIN_PASSWORD"' +
      " | airflow users create --username admin --role Admin --firstname Trellis --lastname Admin" +
      " --email admin@localhost",
    ...Object.entries(pools).map(
      ([pool, slots]) => `airflow pools set --include-deferred ${pool} ${slots} "Jobs under way at once"`,
    ),
  ].join(" && ");
}

export function migrationJob(script: string, args: AirflowPodArgs): k8s.types.input.batch.v1.JobSpec {
  return {
    backoffLimit: 6, // PostgreSQL may be failing over
    template: {
      metadata: { labels: labelsOf(AIRFLOW.migration) },
      spec: {
        ...airflowPod(args, { words: ["bash", "-c", script], memory: ["512Mi", "1Gi"] }),
        automountServiceAccountToken: false,
        restartPolicy: "Never",
      },
    },
  };
}

/** What distinguishes the pod of a process from the others. */
interface ProcessPod {
  /** The process. @default the migration */
  readonly part?: AirflowProcess;
  /** The arguments of the image's entrypoint. */
  readonly words: readonly string[];
  readonly memory: readonly [request: string, limit: string];
  /** Ports and probes. @default none */
  readonly serving?: Part["serving"];
}

function airflowPod(
  args: AirflowPodArgs,
  { part, words, memory: [request, limit], serving }: ProcessPod,
): k8s.types.input.core.v1.PodSpec {
  const env = configuration(args, part);
  return {
    enableServiceLinks: false, // otherwise variables of Services named airflow-* look like settings of Airflow
    securityContext: restrictedPod(AIRFLOW_USER),
    initContainers: [waitsToBeLetIn(env)],
    containers: [
      {
        name: "airflow",
        image: AIRFLOW_IMAGE,
        args: [...words],
        securityContext: restrictedContainer,
        env,
        resources: { requests: { cpu: "100m", memory: request }, limits: { memory: limit } },
        ...serving,
        volumeMounts: [
          SCRATCH.mount,
          { name: "home", mountPath: AIRFLOW_HOME },
          { name: "dags", mountPath: DAGS_FOLDER, readOnly: true },
          { name: "authorities", mountPath: AUTHORITIES_FOLDER, readOnly: true },
        ],
      },
    ],
    volumes: [
      SCRATCH.volume,
      { name: "home", emptyDir: { sizeLimit: "2Gi" } }, // settings, and logs of running tasks
      {
        name: "dags",
        projected: {
          sources: [
            { configMap: { name: AIRFLOW.dags } },
            // Optional: the DAGs appear once the ConfigMap exists. Only this key: any Python file among the others
            // would become a DAG or replace the factory.
            ...args.streamLists.map(({ configMap, file }) => ({
              configMap: { name: configMap, items: [{ key: file, path: file }], optional: true },
            })),
          ],
        },
      },
      { name: "authorities", configMap: { name: AIRFLOW.authorities } },
    ],
  };
}
