export { type Specification, specification } from "./specification";
