import type { DomainEntry } from "./shared";
import { main } from "./supervisor";

/**
 * The systems behind `jobs <domain> <verb>`. Each is loaded only when it is used, so that no command loads the parsers
 * of another.
 */
const domains: readonly DomainEntry[] = [
  {
    name: "datasurface",
    summary: "snapshot ingestion into merge tables, live and forensic",
    resultMarker: "DATASURFACE_RESULT_CODE",
    load: async () => (await import("./datasurface")).datasurface,
  },
  {
    name: "postgres",
    summary: "PostgreSQL under Patroni: leader discovery, databases and roles, migrations, operations",
    load: async () => (await import("./postgres")).postgres,
  },
  {
    name: "rain",
    summary: "the historical record of rain gauges",
    load: async () => (await import("./rain")).rain,
  },
  {
    name: "crm",
    summary: "the CRM's database: demo data, and its interface as PostgREST serves it",
    load: async () => (await import("./crm")).crm,
  },
  {
    name: "agents",
    summary: "agents that analyse leads and propose follow-ups: API, workers, evaluation",
    load: async () => (await import("./agents")).agents,
  },
  {
    name: "backup",
    summary: "backups of PostgreSQL on object storage: create, verify, restore, drill",
    load: async () => (await import("./backup")).backup,
  },
  {
    name: "storage",
    summary: "object storage: buckets, users and their policies, and the copy off the cluster",
    load: async () => (await import("./storage")).storage,
  },
  {
    name: "operations",
    summary: "the operator's checks of the whole platform: health, status",
    load: async () => (await import("./operations")).operations,
  },
];

await main(process.argv.slice(2), domains, () => import("./shared"));
