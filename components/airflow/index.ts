export { Airflow, type AirflowArgs } from "./airflow";
export {
  type DagJob,
  type DagVariable,
  dagFiles,
  JOB_CONTAINER,
  type PlatformDags,
  streamsFile,
} from "./dag-specification";
export { POD_RUNNERS } from "./names";
