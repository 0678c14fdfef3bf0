export { create } from "./create";
export { drill } from "./drill";
export {
  exists,
  missingRoles,
  type Origin,
  rebuild,
  restore,
  rolesOf,
  takePlace,
} from "./restore";
export { readServer, type Snapshot, withSnapshot } from "./snapshot";
export { findSources, type MembersAccess, withBestSource } from "./source";
