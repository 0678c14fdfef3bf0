export { type ColumnType, canBeKey, equalityIsIdentity, isWidening, parseColumnType } from "./column-type";
export {
  type DatasetSchema,
  incompatibilities,
  isNullable,
  schemaDifferences,
  schemaHash,
  schemaOf,
} from "./dataset-schema";
export { type DatasetMask, type DerivedStore, followsChanges, isDerived, isText } from "./derived-store";
export { columnName, documentation, identifier, name } from "./fields";
export { readModelFile } from "./files";
export { assignmentsJsonSchema, modelJsonSchema } from "./json-schema";
export { ASSIGNMENTS_FILE, loadModel, MODEL_FILE, MODEL_FILES } from "./load";
export type { AnyStore, Model } from "./model";
export {
  belongingTo,
  datasetTables,
  fitIdentifier,
  kubernetesName,
  NAME,
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
