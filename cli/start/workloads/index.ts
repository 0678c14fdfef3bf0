export { type Routes, toLoopback } from "./addresses";
export { argumentsOf, type Environment, environmentOf } from "./environment";
export { Manifests } from "./manifests";
export { atPace, isWanted, type Part, partOf, ROUNDS } from "./milestones";
export { materialize, mountsOf, moved, movedValues } from "./mounts";
export { LocalSecrets, secretKey } from "./secrets";
export { type System, type Workload, workloadsOf } from "./workloads";
