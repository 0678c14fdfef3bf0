export type { Routes } from "./addresses";
export { type Environment, environmentOf } from "./environment";
export { readFigures } from "./figures";
export { Manifests } from "./manifests";
export { isWanted } from "./milestones";
export { ingestAll, runLanes, startBeside } from "./order";
export { LocalSecrets, secretKey } from "./secrets";
export { partIn } from "./steps";
export { type System, type Workload, workloadsOf } from "./workloads";
