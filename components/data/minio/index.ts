export { minioAlerts } from "./alerts";
export {
  MinIO,
  type MinIOArgs,
  type ObjectStorage,
  type ObjectStoreAccess,
  type StoreSecrets,
} from "./minio";
export { MINIO } from "./names";
export { MIRROR_METRICS_PORT, minioNamespace, OBJECT_STORAGE } from "./namespace";
