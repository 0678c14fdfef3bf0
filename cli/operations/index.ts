export { healthCommand } from "./health";
export { statusCommand } from "./status";
