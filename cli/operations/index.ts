export { health } from "./health";
export { status } from "./status";
