import type { Domain } from "../shared";
import { createVerb, drillVerb, listVerb, monitorVerb, pruneVerb, restoreVerb, verifyVerb } from "./verbs";

/** Logical backups of PostgreSQL on object storage, and the proof that they can be restored. */
export const backup: Domain = {
  name: "backup",
  summary: "backups of PostgreSQL on object storage: create, verify, restore, drill",
  verbs: [createVerb, listVerb, verifyVerb, pruneVerb, restoreVerb, monitorVerb, drillVerb],
};
