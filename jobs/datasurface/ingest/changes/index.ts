export { beginChanges } from "./begin";
export { followChanges } from "./follow";
export { leaveChanges, refuseAdditionsOnly, snapshotReason } from "./hand-over";
