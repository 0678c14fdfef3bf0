export { Access, type AccessArgs } from "./access";
export type { AccessObject } from "./access-object";
