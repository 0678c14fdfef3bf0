export { CopyOut } from "./copy-out";
export { currentDefinition, openDerived } from "./derived-source";
export { LOCK_TIMEOUT, LOCK_WAIT_SECONDS, lockHolders, lockRefusal } from "./lock-holders";
export { joinSnapshot, type SharedSnapshot, shareSnapshot } from "./shared-snapshot";
export { type Lineage, openSnapshot, type SourceRead, type SourceSnapshot } from "./source";
