export { clearStaleState } from "./clear-stale-state";
export { configure } from "./configure";
export { reinit, status, switchover } from "./members";
export { restartPending } from "./restart-pending";
