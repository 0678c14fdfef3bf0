export { type Fields, fields, isFields, type Leaf, leaves, list, text, texts } from "./fields";
export type { PlannedObject } from "./objects";
export { type Plan, type PlanArgs, planOf } from "./plan";
export { remembered } from "./remembered";
export { nameIn, type PlannedResource, type PlannedStep, SERVER, typeIn, UNKNOWN } from "./resource";
export type { RenderedFile } from "./user-data";
export type { Container, Workload } from "./workloads";
