import type { Domain } from "../shared";
import { copyVerb } from "./copy-verb";
import { createVerb, drillVerb, listVerb, pruneVerb, restoreVerb, verifyVerb } from "./verbs";
import { monitorVerb, serveMetricsVerb } from "./watch-verbs";

/** Logical backups of PostgreSQL on object storage, and the proof that they can be restored. */
export const backup: Domain = {
  name: "backup",
  summary: "backups of PostgreSQL on object storage: create, verify, restore, drill",
  verbs: [
    createVerb,
    listVerb,
    verifyVerb,
    pruneVerb,
    restoreVerb,
    copyVerb,
    monitorVerb,
    serveMetricsVerb,
    drillVerb,
  ],
};
