export { StoreError } from "./errors";
export { ObjectStore, type StoredObject } from "./object-store";
export { type Patience, StoreConnection, type StoreRequest } from "./request";
export { type ObjectStoreAddress, objectStore } from "./setting";
