export { Airflow, type AirflowArgs } from "./airflow";
export { airflowAlerts } from "./alerts";
export { dagFiles, JOB_CONTAINER, type PlatformDags } from "./dag-specification";
export { AIRFLOW_SERVICE, POD_RUNNERS } from "./names";
export { AIRFLOW_API, airflowNamespace } from "./namespace";
export type { StreamList } from "./pods";
