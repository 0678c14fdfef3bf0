/** The newest release whose image and whose package on PyPI are both out; the tests run the package. */
export const AIRFLOW_RELEASE = "3.3.2";
export const AIRFLOW_IMAGE = `apache/airflow:${AIRFLOW_RELEASE}-python3.12`;

/** The user that the image makes. */
export const AIRFLOW_USER = 50_000;

export const AIRFLOW_HOME = "/opt/airflow";
export const DAGS_FOLDER = `${AIRFLOW_HOME}/dags`;

export const PORTS = { api: 8080, schedulerHealth: 8974 } as const;

/** What the parts are called in the cluster. */
export const AIRFLOW = {
  apiServer: "airflow-api-server",
  scheduler: "airflow-scheduler",
  dagProcessor: "airflow-dag-processor",
  triggerer: "airflow-triggerer",
  migration: "airflow-migrate",
  secret: "airflow",
  dags: "airflow-dags",
} as const;

/** The accounts that run pods: DataSurface gives them its role. */
export const POD_RUNNERS = [AIRFLOW.scheduler, AIRFLOW.triggerer] as const;

export const labelsOf = (part: string) => ({
  "app.kubernetes.io/part-of": "airflow",
  "app.kubernetes.io/name": part,
});
