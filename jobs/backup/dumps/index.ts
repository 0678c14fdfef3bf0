export { create } from "./create";
export { drill } from "./drill";
export { restore } from "./restore";
export { findSources, type MembersAccess, withBestSource } from "./source";
