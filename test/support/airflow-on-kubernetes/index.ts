export { AIRFLOW_ON_KUBERNETES_PROGRAMS, AirflowOnKubernetes } from "./airflow-on-kubernetes";
export type { AirflowApi, DagRun } from "./api";
export { HURRIED, IMPATIENT, MISTAKEN, STARVED, TRIALS, type Trials } from "./trials";
