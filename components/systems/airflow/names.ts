import { versions } from "../../shared/versions";

export const AIRFLOW_IMAGE = `apache/airflow:${versions.airflow.version}-python3.12`;

/** The user that the image makes. */
export const AIRFLOW_USER = 50_000;

export const AIRFLOW_HOME = "/opt/airflow";
export const DAGS_FOLDER = `${AIRFLOW_HOME}/dags`;

export const PORTS = {
  api: 8080,
  schedulerHealth: 8974,
  /** Where the API server reads the log of a task that is still running. */
  taskLogs: 8793,
  triggererLogs: 8794,
  statsd: 9125,
  metrics: 9102,
} as const;

/** The namespace that the foundation gives to Airflow. */
export const AIRFLOW_NAMESPACE = "airflow";

/** What the parts are called in the cluster. */
export const AIRFLOW = {
  apiServer: "airflow-api-server",
  scheduler: "airflow-scheduler",
  dagProcessor: "airflow-dag-processor",
  triggerer: "airflow-triggerer",
  migration: "airflow-migrate",
  secret: "airflow",
  dags: "airflow-dags",
  /** What shows Prometheus the metrics of all processes. */
  statsd: "airflow-statsd",
  dashboard: "airflow-dashboard",
  /** The login of the metadata database. */
  database: "airflow-database",
  /** What opens the object store. */
  logs: "airflow-logs",
  slack: "airflow-slack",
  /** The authorities by which Airflow knows its database and its object store. */
  authorities: "airflow-authorities",
} as const;

/** The accounts that run pods: DataSurface gives them its role. */
export const POD_RUNNERS = [AIRFLOW.scheduler, AIRFLOW.triggerer] as const;

export const labelsOf = (part: string) => ({
  "app.kubernetes.io/part-of": "airflow",
  "app.kubernetes.io/name": part,
});
