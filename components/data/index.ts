export { dataAlerts } from "./alerts";
export { Backup, type BackupArgs } from "./backup";
export { type DataLayer, dataFor } from "./from-settings";
export { MINIO, MinIO, type MinIOArgs, OBJECT_STORAGE, type ObjectStoreAccess } from "./minio";
export { ObjectMirror, type ObjectMirrorArgs } from "./mirror";
export { DATA_NAMESPACES } from "./namespaces";
export { PatroniEtcd, type PatroniEtcdArgs } from "./patroni-etcd";
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
