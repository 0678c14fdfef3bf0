export { AIRFLOW_ON_KUBERNETES_PROGRAMS, AirflowOnKubernetes, LOG_BUCKET } from "./airflow-on-kubernetes";
export { AirflowApi } from "./api";
export { airflowImage } from "./images";
export { writeQuietModel } from "./quiet-model";
export { HURRIED, IMPATIENT, MISTAKEN, STARVED, TRIALS } from "./trials";
