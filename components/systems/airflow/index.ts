export { Airflow, type AirflowArgs } from "./airflow";
export { dagFiles, JOB_CONTAINER, type PlatformDags } from "./dag-specification";
export { POD_RUNNERS } from "./names";
export { airflowNamespace } from "./namespace";
export type { StreamList } from "./pods";
