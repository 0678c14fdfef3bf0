export { StoreError } from "./errors";
export { ObjectStore } from "./object-store";
export { StoreConnection, type StoreRequest } from "./request";
export { type ObjectStoreAddress, objectStore } from "./setting";
