export { run } from "./run";
