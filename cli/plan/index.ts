export type { Files } from "./files";
export { checkStackName, UsageError } from "./flags";
export { type Plan, planStack } from "./plan-stack";
export { run } from "./run";
export { readProject, readStack } from "./stack-file";
export type { Branch, Summary } from "./summary";
