export { rotate } from "./rotate";
export { run } from "./run";
