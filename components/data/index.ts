export { dataAlerts } from "./alerts";
export { BACKUP, Backup, type BackupArgs } from "./backup";
export { exporterParts, jobsExporter } from "./exporter";
export { reachingTheStore, storePort } from "./external-store";
export { type DataLayer, dataFor } from "./from-settings";
export {
  MINIO,
  MIRROR_METRICS_PORT,
  MinIO,
  type MinIOArgs,
  OBJECT_STORAGE,
  type ObjectStorage,
  type ObjectStoreAccess,
} from "./minio";
export { MIRROR, ObjectMirror, type ObjectMirrorArgs } from "./mirror";
export { DATA_NAMESPACES, dataNamespaces } from "./namespaces";
export { ETCD_METRICS_PORT, PatroniEtcd, type PatroniEtcdArgs } from "./patroni-etcd";
export {
  DATABASES,
  PATHS as POSTGRES_PATHS,
  POSTGRES,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./postgres";
