export type { Files } from "./files";
export { type Plan, planStack } from "./plan-stack";
export { run } from "./run";
export type { Branch, Summary } from "./summary";
