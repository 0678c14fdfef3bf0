import { pinnedImage } from "../../shared/pinned-image";
import { versions } from "../../shared/versions";

export const AIRFLOW_IMAGE = pinnedImage(versions.airflow);

/** The image's user ID. */
export const AIRFLOW_USER = 50_000;

export const AIRFLOW_HOME = "/opt/airflow";
export const DAGS_FOLDER = `${AIRFLOW_HOME}/dags`;

export const PORTS = {
  api: 8080,
  schedulerHealth: 8974,
  /** The API server reads the log of a running task from this port. */
  taskLogs: 8793,
  triggererLogs: 8794,
  statsd: 9125,
  metrics: 9102,
} as const;

/** Names of Airflow's objects in the cluster. */
export const AIRFLOW = {
  apiServer: "airflow-api-server",
  loginIngress: "airflow-login",
  scheduler: "airflow-scheduler",
  dagProcessor: "airflow-dag-processor",
  triggerer: "airflow-triggerer",
  migration: "airflow-migrate",
  secret: "airflow",
  dags: "airflow-dags",
  /** The StatsD exporter, which exposes the metrics of all processes to Prometheus. */
  statsd: "airflow-statsd",
  dashboard: "airflow-dashboard",
  /** The logins of the metadata database. */
  database: "airflow-database",
  /** The credentials of the object store. */
  logs: "airflow-logs",
  slack: "airflow-slack",
  /** The CA certificates of the database and the object store. */
  authorities: "airflow-authorities",
} as const;

/** The Service of the web interface and of the API. */
export const AIRFLOW_SERVICE = AIRFLOW.apiServer;

/** The service accounts that run pods. DataSurface binds its role to them. */
export const POD_RUNNERS = [AIRFLOW.scheduler, AIRFLOW.triggerer] as const;

export const labelsOf = (part: string) => ({
  "app.kubernetes.io/part-of": "airflow",
  "app.kubernetes.io/name": part,
});
