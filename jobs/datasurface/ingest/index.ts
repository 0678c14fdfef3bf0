export { ensureBatchTables } from "./batch-tables";
export { type Batch, BatchLedger, type BatchStatus, requireCompatible } from "./batches";
export type { Counts } from "./counts";
export { inPublic, tablesOf } from "./dataset-tables";
export { StreamBusy, withStream } from "./only-writer";
export { reconcile } from "./reconcile";
export { trimStaging } from "./staging";
export { ensureViews } from "./views";
