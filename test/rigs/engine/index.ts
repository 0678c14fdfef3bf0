export { type AnsweringApi, answeringApi } from "./answering-api";
export {
  changes,
  type Engine,
  type EngineOptions,
  FailedRun,
  type Run,
  startEngine,
} from "./engine";
export { K3S_API_PROGRAMS, type K3sApi, k3sApi } from "./k3s-api";
export { givenAway } from "./leaks";
export {
  lossesOf,
  type ReleasedStack,
  readReleasedStack,
  recordedReleases,
  recordedStacks,
  writeReleasedStack,
} from "./releases";
export { Cloud } from "./stand-ins/cloud";
export { RATE_LIMITED, SOLD_OUT } from "./stand-ins/hcloud";
export { UNREACHABLE } from "./stand-ins/kubernetes";
