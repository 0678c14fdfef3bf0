/** The components by themselves, for programs that use some of them without our stack file; see `examples/`. */
export { AddOns, type AddOnsArgs, Foundation, type FoundationArgs } from "./cluster";
export {
  Backup,
  type BackupArgs,
  DATA_NAMESPACES,
  MinIO,
  type MinIOArgs,
  PatroniEtcd,
  type PatroniEtcdArgs,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./data";
export { HetznerCluster, type HetznerClusterArgs, surveyAccount } from "./servers";
export { type HetznerTarget, hetznerTarget } from "./settings";
export { BuiltImage, type BuiltImageArgs } from "./shared/images";
export { apiReady } from "./shared/kubernetes-api";
export { PostgresPki, type PostgresPkiArgs } from "./shared/pki";
export type { WorkloadNamespace } from "./shared/workloads";
export {
  Airflow,
  type AirflowArgs,
  DataSurface,
  type DataSurfaceArgs,
  RainTracker,
  type RainTrackerArgs,
  SYSTEM_NAMESPACES,
} from "./systems";
