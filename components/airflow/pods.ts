import type * as k8s from "@pulumi/kubernetes";
import { restrictedContainer, restrictedPod, SCRATCH } from "../workload";
import { type ConfigurationArgs, configuration, SECRET_KEYS } from "./configuration";
import { AIRFLOW, AIRFLOW_HOME, AIRFLOW_IMAGE, AIRFLOW_USER, DAGS_FOLDER, labelsOf, PORTS } from "./names";

type Container = k8s.types.input.core.v1.Container;

/** One of Airflow's processes. */
interface Part {
  readonly name: string;
  /** What follows `airflow`. */
  readonly words: readonly string[];
  readonly serving: Pick<Container, "ports" | "startupProbe" | "livenessProbe" | "readinessProbe">;
  /** Whether it starts and watches pods, and so needs its account's token. */
  readonly runsPods: boolean;
  readonly memory: readonly [request: string, limit: string];
}

/** A start takes half a minute alone, and minutes where many start at once. */
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

/** What has no port tells the database that it lives; asking costs a start of Airflow, so it is asked seldom. */
const reports = (job: string): Part["serving"] => {
  const command = ["airflow", "jobs", "check", "--job-type", job, "--local"];
  const probe = { exec: { command }, timeoutSeconds: 60 };
  return {
    startupProbe: { ...probe, ...STARTING },
    livenessProbe: { ...probe, periodSeconds: 120, failureThreshold: 3 },
  };
};

export const PARTS = {
  apiServer: {
    name: AIRFLOW.apiServer,
    words: ["api-server", "--port", String(PORTS.api), "--proxy-headers"],
    serving: answers("/api/v2/monitor/health", PORTS.api),
    runsPods: false,
    memory: ["768Mi", "2Gi"],
  },
  scheduler: {
    name: AIRFLOW.scheduler,
    words: ["scheduler"],
    serving: answers("/health", PORTS.schedulerHealth),
    runsPods: true,
    memory: ["768Mi", "2Gi"],
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
    memory: ["384Mi", "1Gi"],
  },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

export function partDeployment(
  part: Part,
  replicas: number,
  args: ConfigurationArgs,
): k8s.types.input.apps.v1.DeploymentSpec {
  return {
    replicas,
    selector: { matchLabels: labelsOf(part.name) },
    template: {
      metadata: { labels: labelsOf(part.name) },
      spec: {
        ...airflowPod(part.words, part.memory, args, part.serving),
        serviceAccountName: part.name,
        automountServiceAccountToken: part.runsPods,
        priorityClassName: "trellis-service",
      },
    },
  };
}

/**
 * Brings the metadata database to the release, and makes the administrator where there is none. An existing one keeps the
 * password that the interface gave.
 */
export const MIGRATION = [
  "airflow db migrate",
  "airflow users create --username admin --role Admin --firstname Trellis --lastname Admin" +
    ' --email admin@localhost --password "$TRELLIS_ADMIN_PASSWORD"',
].join(" && ");

export function migrationJob(args: ConfigurationArgs): k8s.types.input.batch.v1.JobSpec {
  const pod = airflowPod(["bash", "-c", MIGRATION], ["512Mi", "1Gi"], args, {}, [
    {
      name: "TRELLIS_ADMIN_PASSWORD",
      valueFrom: { secretKeyRef: { name: AIRFLOW.secret, key: SECRET_KEYS.admin } },
    },
  ]);
  return {
    backoffLimit: 6,
    template: {
      metadata: { labels: labelsOf(AIRFLOW.migration) },
      spec: { ...pod, automountServiceAccountToken: false, restartPolicy: "Never" },
    },
  };
}

function airflowPod(
  words: readonly string[],
  [request, limit]: readonly [string, string],
  args: ConfigurationArgs,
  serving: Part["serving"],
  more: readonly k8s.types.input.core.v1.EnvVar[] = [],
): k8s.types.input.core.v1.PodSpec {
  return {
    enableServiceLinks: false, // or Services whose names begin with airflow would be taken for settings
    securityContext: restrictedPod(AIRFLOW_USER),
    containers: [
      {
        name: "airflow",
        image: AIRFLOW_IMAGE,
        args: [...words],
        securityContext: restrictedContainer,
        env: [...configuration(args), ...more],
        resources: { requests: { cpu: "100m", memory: request }, limits: { memory: limit } },
        ...serving,
        volumeMounts: [
          SCRATCH.mount,
          { name: "home", mountPath: AIRFLOW_HOME },
          { name: "dags", mountPath: DAGS_FOLDER, readOnly: true },
        ],
      },
    ],
    volumes: [
      SCRATCH.volume,
      { name: "home", emptyDir: { sizeLimit: "2Gi" } }, // settings, and the logs of tasks that run
      { name: "dags", configMap: { name: AIRFLOW.dags } },
    ],
  };
}
