export { ExternalObjectStorage, type ExternalObjectStorageArgs } from "./external-store";
export { externalNamespace, reachingTheStore, storePort } from "./reach";
