export { drillVerb, mirrorVerb, pruneVerb, restoreVerb, serveMetricsVerb } from "./verbs";
