export { ApplicationDatabases } from "./application-databases";
export { Pooler } from "./pooler";
export { poolerConfig, poolerUsers } from "./pooler-config";
export {
  ACCESSES,
  type Access,
  bootstrapSpecification,
  type DatabaseSettings,
  loginsOf,
  type SupabaseAccess,
  type SupabaseService,
} from "./specification";
