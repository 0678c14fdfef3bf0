/** The settings that lower what pods request, for messages about a cluster without room. */
export const REQUEST_SETTINGS = "postgres.memoryMib, minio.memoryMib";
