export { Backup } from "./backup";
export { type DataLayer, dataFor } from "./from-settings";
export { MinIO, type ObjectStoreAccess } from "./minio";
export { PatroniEtcd } from "./patroni-etcd";
export {
  hostOf,
  POSTGRES,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./postgres";
