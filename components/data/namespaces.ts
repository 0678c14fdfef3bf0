import { minioNamespace } from "./minio";
import { postgresNamespace } from "./postgres";

/** The namespaces of the data layer, for the cluster layer to create. */
export const DATA_NAMESPACES = { postgres: postgresNamespace, storage: minioNamespace };

export type DataNamespace = keyof typeof DATA_NAMESPACES;
