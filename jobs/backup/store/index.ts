export { type Backup, findBackup, isGood, listBackups, requireParts, type Verification } from "./catalogue";
export { copy } from "./copy";
export { Digest } from "./digest";
export {
  type Artefact,
  backupName,
  backupTime,
  bytesOf,
  type DatabaseProperties,
  type Manifest,
  manifestKey,
  NAME,
  type Part,
  partKey,
  partsOf,
  type RowsPart,
  type TableRows,
  totalBytes,
  writeManifest,
} from "./manifest";
export { cutTables, type RowsPiece, type TableShape } from "./pieces";
export { prune, prunedText, removeVersions } from "./prune";
export {
  type EndedRun,
  humanSize,
  listReports,
  REPORTED,
  type ReportedVerb,
  readRuns,
  reporting,
  warnOfReport,
  writeReport,
} from "./report";
export { withStore } from "./store";
export { verify } from "./verify";
