export {
  credentialSecret,
  infrastructureDag,
  ingestionDag,
  platformLabels,
  platformName,
  podName,
} from "./names";
export { publishStreams, type StreamListAddress } from "./publish";
export { DAGS_VERSION, type DagJob, type DagVariable, dagJob, streamsFile, streamsFileName } from "./shape";
export { ingestionJobs, PRIORITY } from "./streams";
