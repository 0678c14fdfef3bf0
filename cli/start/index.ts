export { clean } from "./clean";
export { start } from "./start";
