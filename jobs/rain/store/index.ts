export { applyBatch, batches, type Counts, markFailed, remainingUnits } from "./batches";
export { gatherStrays, lockGauges, markFopr, nameGauges, staleGauges, storeStation } from "./gauges";
export { type ArrivedFile, claimRun, completedRun, endRun, holdSubject, type Run } from "./runs";
export { migrateRain, rainMigrations } from "./schema";
export { type FileRemarks, resolve, stage, type Unit } from "./staging";
