export type { Artefact } from "./artefacts";
export type { PlannedResource } from "./deployment";
export { type Evaluation, evaluate, type LogEntry } from "./evaluation";
export { answerInvoke, networkZoneOf } from "./invokes";
export { leanSdk } from "./lean-sdk";
export { STACK_TYPE } from "./urn";
export { isRecord, type Properties, step, type Value } from "./wire";
