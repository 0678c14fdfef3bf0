export { readStatus, type Status, statusText } from "./status";
export { type Finding, findingsText, validate } from "./validation";
