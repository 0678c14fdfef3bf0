export { Backup, type BackupArgs } from "./backup";
export { type DataLayer, dataFor } from "./from-settings";
export { MinIO, type MinIOArgs, type ObjectStoreAccess } from "./minio";
export { PatroniEtcd, type PatroniEtcdArgs } from "./patroni-etcd";
export {
  hostOf,
  POSTGRES,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./postgres";
