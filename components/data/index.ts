export { dataAlerts } from "./alerts";
export { Backup, type BackupArgs } from "./backup";
export { type DataLayer, dataFor } from "./from-settings";
export { MinIO, type MinIOArgs, OBJECT_STORAGE, type ObjectStoreAccess } from "./minio";
export { ObjectMirror, type ObjectMirrorArgs } from "./mirror";
export { DATA_NAMESPACES } from "./namespaces";
export { PatroniEtcd, type PatroniEtcdArgs } from "./patroni-etcd";
export {
  DATABASES,
  POSTGRES,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./postgres";
