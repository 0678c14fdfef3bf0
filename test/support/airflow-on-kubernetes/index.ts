export { AIRFLOW_ON_KUBERNETES_PROGRAMS, AirflowOnKubernetes, LOG_BUCKET } from "./airflow-on-kubernetes";
export type { AirflowApi, DagRun } from "./api";
export { HURRIED, IMPATIENT, MISTAKEN, STARVED, TRIALS, type Trials } from "./trials";
