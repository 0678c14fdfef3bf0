import type { Pin } from "./versions";

/** A pinned image, by tag and, once it is known, by digest. Runtimes then use the digest; the tag tells people. */
export function pinnedImage({ version, image, digest }: Pick<Pin, "version" | "image" | "digest">): string {
  if (image === undefined) throw new Error(`the pin of version ${version} has no image`);
  return `${image.replace("{version}", version)}${digest ? `@${digest}` : ""}`;
}

/** What a pin has in a registry, by tag: an image or a chart. Undefined if it has neither. */
export const taggedReference = ({ version, image, chart }: Pin): string | undefined =>
  (image ?? chart)?.replace("{version}", version);

/** Whether the digest of an image is known. */
export const isPinned = ({ digest }: Pick<Pin, "digest">): boolean => digest !== undefined && digest !== "";
