export { AIRFLOW_ON_KUBERNETES_PROGRAMS, AirflowOnKubernetes } from "./airflow-on-kubernetes";
export type { AirflowApi, DagRun } from "./api";
export type { Trials } from "./deployed";
