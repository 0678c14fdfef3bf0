export { decrypted, encrypted, OtherKey } from "./encryption";
export { StoreError } from "./errors";
export { type ObjectMetadata, ObjectStore, type StoredVersion } from "./object-store";
export { StoreConnection } from "./request";
export { type ObjectStoreAddress, objectStore, optionalObjectStore } from "./setting";
export type { StoreRequest } from "./store-request";
