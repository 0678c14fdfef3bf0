export { StoreError } from "./errors";
export { ObjectStore, type StoredObject } from "./object-store";
export { type Patience, StoreConnection } from "./request";
export { type ObjectStoreAddress, objectStore } from "./setting";
export type { StoreRequest } from "./store-request";
