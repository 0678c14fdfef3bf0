export { Backup } from "./backup";
export { MinIO, type ObjectStoreAccess } from "./minio";
export { Etcd } from "./patroni-etcd";
export {
  hostOf,
  POSTGRES,
  Postgres,
  type PostgresArgs,
  postgresImage,
  recoveryImage,
  serverNames,
} from "./postgres";
