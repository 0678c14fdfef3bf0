export { type Answers, environments, zones } from "./answers";
export { run } from "./run";
export { stackFile } from "./stack-file";
