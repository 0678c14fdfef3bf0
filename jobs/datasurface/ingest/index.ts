export { type Batch, BatchLedger, type BatchStatus } from "./batches";
export type { Counts } from "./counts";
export { ingest, transform } from "./ingest";
export { StreamBusy, withStream } from "./only-writer";
export { reconcile } from "./reconcile";
export { resetBatch } from "./reset";
export { LOCK_TIMEOUT, LOCK_WAIT_SECONDS, lockHolders } from "./source";
export { trimStaging } from "./staging";
export {
  type DatasetTables,
  ensureBatchTables,
  ensureViews,
  findTables,
  inPublic,
  keyOf,
  tablesOf,
} from "./tables";
