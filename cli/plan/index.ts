export { planStack } from "./plan-stack";
export { run } from "./run";
export { readProject, readStack } from "./stack-file";
