import type { Settings } from "./schema";

/** The settings that lower what this stack's pods request, for messages about a cluster without room. */
export const requestSettings = ({ minio }: Pick<Settings, "minio">): string =>
  ["postgres.memoryMib", ...(minio.kind === "external" ? [] : ["minio.memoryMib"])].join(", ");
