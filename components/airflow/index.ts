export {
  type DagJob,
  type DagVariable,
  dagFiles,
  JOB_CONTAINER,
  type PlatformDags,
  streamsFile,
} from "./dag-specification";
