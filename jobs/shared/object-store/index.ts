export { StoreError } from "./errors";
export { ObjectStore } from "./object-store";
export { StoreConnection } from "./request";
export { type ObjectStoreAddress, objectStore } from "./setting";
export type { StoreRequest } from "./store-request";
