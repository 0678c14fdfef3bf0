export type { Artefact } from "./artefacts";
export { conceals } from "./conceal-literals";
export type { PlannedResource } from "./deployment";
export { type Evaluation, type EvaluationArgs, evaluate, type LogEntry } from "./evaluation";
export { answerInvoke, networkZoneOf } from "./invokes";
export type { PlannedOptions } from "./options";
export { ANY_SECRET, placeholder, showsPlaceholder } from "./placeholders";
export { STACK_TYPE } from "./urn";
export { isRecord, type Properties, step, UNKNOWN, type Value } from "./wire";
