import { MIRROR_BUCKET, type OwnStoreSettings } from "../../settings";

/** What the provisioning job creates. */
export interface ProvisionedStorage {
  /** The private buckets, by name, with their versioning and expiry. */
  readonly buckets: OwnStoreSettings["buckets"];
  /**
   * The applications, by name: each gets a user that may use its own buckets alone. Increment `epoch` for a new user with
   * a new secret key; the previous one works until the next increment.
   */
  readonly applications: OwnStoreSettings["applications"];
  /** Buckets that are copied off the cluster: the mirror gets a user that reads them. @default none: no such user */
  readonly mirrored?: readonly string[] | undefined;
}

/**
 * Users whose names begin with this prefix belong to the provisioning job, which removes those that are no longer
 * declared.
 */
const PREFIX = "trellis-";

/** The user that may read metrics and nothing else. */
export const METRICS_USER = `${PREFIX}metrics`;

/** The user that copies buckets off the cluster. */
export const MIRROR_USER = `${PREFIX}mirror`;

/**
 * MinIO's user for an application at an epoch; also the name of its policy and of its file in the Secret of keys. No
 * name of an application contains an underscore. The first has no number, because there was one user once.
 */
export const userOf = (application: string, epoch: number): string =>
  epoch === 1 ? `${PREFIX}${application}` : `${PREFIX}${application}_${epoch}`;

/** The users that work now, oldest first: pods that have the previous one's keys go on until they are replaced. */
export const usersOf = (
  application: string,
  epoch: number,
): { readonly user: string; readonly epoch: number }[] =>
  [epoch - 1, epoch]
    .filter((each) => each > 0)
    .map((each) => ({ user: userOf(application, each), epoch: each }));

/**
 * Input of the provisioning job, as JSON. jobs/storage/specification.ts parses it and validates every field; keep both
 * in step.
 */
export function provisionSpecification({ buckets, applications, mirrored }: ProvisionedStorage): string {
  const specification = {
    prefix: PREFIX,
    buckets: [
      ...Object.entries(buckets).map(([name, { versioning, expireDays, noncurrentDays }]) => ({
        name,
        versioning,
        ...(expireDays !== undefined && { expireDays }),
        ...(versioning && { noncurrentDays }),
      })),
      ...(mirrored ? [{ name: MIRROR_BUCKET, versioning: false }] : []),
    ],
    users: [
      ...Object.entries(applications).flatMap(([application, { buckets: own, epoch }]) =>
        usersOf(application, epoch).map((each) => ({
          name: each.user,
          epoch: each.epoch,
          may: "use-buckets",
          buckets: own,
        })),
      ),
      ...(mirrored
        ? [{ name: MIRROR_USER, epoch: 1, may: "mirror-buckets", reads: mirrored, buckets: [MIRROR_BUCKET] }]
        : []),
      { name: METRICS_USER, epoch: 1, may: "read-metrics" },
    ],
  };
  return `${JSON.stringify(specification, undefined, 2)}\n`;
}
