export { Cloud, type Fault, type Held } from "./cloud";
export {
  changes,
  type Engine,
  type EngineOptions,
  FailedRun,
  type Run,
  type StandInName,
  type Step,
  startEngine,
} from "./engine";
export { RATE_LIMITED, SOLD_OUT } from "./hcloud";
export { UNREACHABLE } from "./kubernetes";
export { type KubernetesApi, standInKubernetesApi } from "./kubernetes-api";
export { givenAway } from "./leaks";
