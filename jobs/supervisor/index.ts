export { COMPLETION } from "./completion-word";
export { main, type SupervisedEntry } from "./main";
export type { Outcome, ResultCode } from "./outcome";
export type { FinalWord } from "./supervisor";
