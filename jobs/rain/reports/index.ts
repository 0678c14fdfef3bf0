export { readStatus, statusText } from "./status";
export { findingsText, validate } from "./validation";
