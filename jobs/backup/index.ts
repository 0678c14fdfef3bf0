import type { Domain } from "../shared";
import { baseVerb, drillArchiveVerb, pitrVerb, serveArchiveMetricsVerb, verifyArchiveVerb } from "./archive";
import { copyVerb, pruneCopiesVerb } from "./copy-verb";
import { createVerb, drillVerb, listVerb, pruneVerb, restoreVerb, verifyVerb } from "./verbs";
import { monitorVerb, serveMetricsVerb } from "./watch-verbs";

export {
  exists,
  missingRoles,
  type Origin,
  readServer,
  rebuild,
  rolesOf,
  type Snapshot,
  takePlace,
  withSnapshot,
} from "./dumps";
export { findPrograms, type Programs, requireYoungEnough, start } from "./programs";

/** Backups of PostgreSQL on object storage: dumps, the WAL archive, and restore tests of both. */
export const backup: Domain = {
  name: "backup",
  summary: "backups of PostgreSQL on object storage: create, verify, restore, drill; any moment recovered",
  verbs: [
    createVerb,
    listVerb,
    verifyVerb,
    pruneVerb,
    restoreVerb,
    copyVerb,
    pruneCopiesVerb,
    monitorVerb,
    serveMetricsVerb,
    drillVerb,
    baseVerb,
    pitrVerb,
    verifyArchiveVerb,
    drillArchiveVerb,
    serveArchiveMetricsVerb,
  ],
};
