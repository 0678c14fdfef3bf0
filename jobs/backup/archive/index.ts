export { baseVerb, pitrVerb, serveArchiveMetricsVerb } from "./verbs";
