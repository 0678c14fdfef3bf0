import type { Domain } from "../shared";

export const datasurface: Domain = {
  name: "datasurface",
  summary: "snapshot ingestion into merge tables, live and forensic",
  verbs: [],
};
