import { type ExternalStoreSettings, MIRROR_BUCKET } from "../../settings";

export interface ContentsArgs extends Pick<ExternalStoreSettings, "buckets" | "applications" | "prefix"> {
  /** Buckets that are copied off the cluster, by their names in the settings. */
  readonly mirrored: readonly string[];
  /** Applications that have keys of their own. */
  readonly withOwnKeys: readonly string[];
}

/** The name of a bucket at the store. */
export const bucketAt = ({ prefix = "" }: Pick<ExternalStoreSettings, "prefix">, bucket: string): string =>
  prefix + bucket;

/**
 * Input of `jobs storage prepare`, as JSON. jobs/storage/specification.ts parses it and validates every field; keep both
 * in step.
 */
export function contentsOf(args: ContentsArgs): string {
  const { buckets, applications, mirrored, withOwnKeys } = args;
  const contents = {
    buckets: [
      ...Object.entries(buckets).map(([name, { versioning, expireDays, noncurrentDays }]) => ({
        name: bucketAt(args, name),
        versioning,
        ...(expireDays !== undefined && { expireDays }),
        ...(versioning && { noncurrentDays }),
      })),
      ...(mirrored.length > 0 ? [{ name: bucketAt(args, MIRROR_BUCKET), versioning: false }] : []),
    ],
    applications: Object.entries(applications).map(([name, { buckets: own }]) => ({
      name,
      buckets: own.map((bucket) => bucketAt(args, bucket)),
      ownKeys: withOwnKeys.includes(name),
    })),
  };
  return `${JSON.stringify(contents, undefined, 2)}\n`;
}
