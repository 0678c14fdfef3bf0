export { clearStaleState } from "./clear-stale-state";
export { reinit, status, switchover } from "./members";
