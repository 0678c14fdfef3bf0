export { Access, type AccessArgs } from "./access";
export { type AccessObject, denyingPolicy } from "./access-object";
