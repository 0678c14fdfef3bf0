export { type ColumnType, equalityIsIdentity, isWidening, parseColumnType } from "./column-type";
export {
  type DatasetSchema,
  incompatibilities,
  isNullable,
  schemaDifferences,
  schemaHash,
  schemaOf,
} from "./dataset-schema";
export { type DatasetMask, type DerivedStore, isDerived, isText } from "./derived-store";
export { readModelFile } from "./files";
export { loadModel, MODEL_FILES } from "./load";
export type { AnyStore, Model } from "./model";
export {
  belongingTo,
  datasetTables,
  fitIdentifier,
  kubernetesName,
  OPEN_BATCH,
  platformTables,
  stagedBatch,
  streamKey,
  viewNames,
} from "./names";
export { fetchModel, type ModelSource } from "./repository";
export type { Dataset, Platform, Store } from "./schema";
export { findPlatform, findStream, type Sink, type Stream, sinksOf, streamsOf } from "./streams";
export type { Treatment } from "./transformer";
