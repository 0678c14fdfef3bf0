export { drillArchiveVerb, verifyArchiveVerb } from "./check-verbs";
export { baseVerb, pitrVerb, serveArchiveMetricsVerb } from "./verbs";
