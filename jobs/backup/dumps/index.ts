export { create } from "./create";
export { drill } from "./drill";
export { secondsSince } from "./elapsed";
export { findBinaries, findPrograms, opened, type Programs, start } from "./programs";
export { restore } from "./restore";
export { sideBySide } from "./side-by-side";
export { findSources, type MembersAccess, withBestSource } from "./source";
export { bytesFrom, collect, test, unpacked } from "./streams";
