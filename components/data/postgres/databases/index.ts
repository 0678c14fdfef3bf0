export { ApplicationDatabases } from "./application-databases";
export { Pooler } from "./pooler";
export { POOLER_STATS_USER, poolerConfig, poolerUsers } from "./pooler-config";
export {
  ACCESSES,
  type Access,
  bootstrapSpecification,
  type DatabaseSettings,
  loginsOf,
  type SupabaseAccess,
  type SupabaseService,
} from "./specification";
