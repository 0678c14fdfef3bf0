import type { Settings } from "../settings";
import { externalNamespace, reachingTheStore, storePort } from "./external-store";
import { minioNamespace } from "./minio";
import { postgresNamespace } from "./postgres";

/** The namespaces of the data layer, for the cluster layer to create. */
export const DATA_NAMESPACES = { postgres: postgresNamespace, storage: minioNamespace };

export type DataNamespace = keyof typeof DATA_NAMESPACES;

/** The same for a stack: with a store that is not ours, pods reach it on the internet. */
export function dataNamespaces(settings: Pick<Settings, "minio">): typeof DATA_NAMESPACES {
  const port = storePort(settings);
  if (port === undefined) return DATA_NAMESPACES;
  return { postgres: reachingTheStore(postgresNamespace, port), storage: externalNamespace(port) };
}
