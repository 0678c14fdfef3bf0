export { secondsSince } from "../elapsed";
export { findBinaries, findPrograms, opened, type Programs, start } from "../programs";
export { sideBySide } from "../side-by-side";
export { bytesFrom, collect, test, unpacked } from "../streams";
export { create } from "./create";
export { drill } from "./drill";
export { restore } from "./restore";
export { findSources, type MembersAccess, withBestSource } from "./source";
