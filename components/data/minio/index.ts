export { MinIO, type MinIOArgs, type ObjectStoreAccess } from "./minio";
export { MIRROR_METRICS_PORT, minioNamespace, OBJECT_STORAGE } from "./namespace";
