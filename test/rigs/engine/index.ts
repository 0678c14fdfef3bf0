export { type AnsweringApi, answeringApi } from "./answering-api";
export { Cloud } from "./cloud";
export {
  changes,
  type Engine,
  type EngineOptions,
  FailedRun,
  type Run,
  startEngine,
} from "./engine";
export { RATE_LIMITED, SOLD_OUT } from "./hcloud";
export { K3S_API_PROGRAMS, type K3sApi, k3sApi } from "./k3s-api";
export { UNREACHABLE } from "./kubernetes";
export { givenAway } from "./leaks";
export {
  lossesOf,
  type ReleasedStack,
  readReleasedStack,
  recordedReleases,
  recordedStacks,
  writeReleasedStack,
} from "./releases";
