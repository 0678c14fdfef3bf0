export {
  credentialSecret,
  hostAndPort,
  infrastructureDag,
  maskKeySecret,
  platformLabels,
  platformName,
  podName,
} from "./names";
export { publishStreams, type StreamListAddress } from "./publish";
export { DAGS_VERSION, type DagJob, dagJob, streamsFile, streamsFileName } from "./shape";
export { ingestionJobs, PRIORITY } from "./streams";
