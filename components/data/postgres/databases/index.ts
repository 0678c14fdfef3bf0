export { ApplicationDatabases } from "./application-databases";
export { ETCD_FOLDER, etcdEnvironment, JOBS_USER, secretVariable, secretVolume } from "./job-pod";
export { Pooler } from "./pooler";
export { poolerConfig, poolerUsers } from "./pooler-config";
export {
  ACCESSES,
  type Access,
  bootstrapSpecification,
  type DatabaseSettings,
  loginsOf,
} from "./specification";
