export { ensureBatchTables } from "./batch-tables";
export {
  columnList,
  type DatasetTables,
  inPublic,
  ROW_DIGEST,
  sameKey,
  sameRow,
  tablesOf,
} from "./dataset-tables";
export { type FoundTable, findTables, isSameOwner, keyOf, ownerOf, renderOwner } from "./found-tables";
export { keyConstraints, keysOf, renderDatasetTables, renderInvariants } from "./merge-tables";
export { dropViews, ensureViews } from "./views";
