export { MinIO, type MinIOArgs, type ObjectStoreAccess } from "./minio";
