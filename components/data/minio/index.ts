export { MinIO, type MinIOArgs, type ObjectStoreAccess } from "./minio";
export { minioNamespace, OBJECT_STORAGE } from "./namespace";
