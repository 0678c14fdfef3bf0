export { bootstrap } from "./bootstrap";
export { type Specification, specification } from "./specification";
