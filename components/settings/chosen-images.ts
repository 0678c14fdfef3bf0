import type { Settings } from "./schema";

/** The images that the settings name, in place of or besides those that the program pins and builds. */
export const chosenImages = ({ minio, gardenos }: Settings): string[] =>
  [minio.kind === "external" ? undefined : minio.image, gardenos?.api, gardenos?.agents?.image].filter(
    (image) => image !== undefined,
  );
