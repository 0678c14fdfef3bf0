export { Access, type AccessArgs } from "./access";
