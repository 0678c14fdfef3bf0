import type { UserSpecification } from "./specification";

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
}

/** A policy in MinIO's format. */
export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** An application's actions on a bucket and on its objects. Only people may access older versions. */
const IN_BUCKETS = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];
const ON_OBJECTS = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:AbortMultipartUpload",
  "s3:ListMultipartUploadParts",
];

const READ_VERSIONS = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"];
const READ_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion"];

/**
 * By default, MinIO lets every user change its own secret key and create further keys: a leaked key would survive its
 * rotation. This list denies that.
 */
const OWN_KEYS = ["admin:CreateUser", "admin:CreateServiceAccount", "admin:UpdateServiceAccount"];

/** The least that the user needs. */
export function policyOf(user: UserSpecification): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      ...(user.may === "read-metrics"
        ? [{ Effect: "Allow" as const, Action: ["admin:Prometheus"] }]
        : [
            ...(user.may === "mirror-buckets"
              ? [allow(READ_VERSIONS, user.reads.map(arn)), allow(READ_OBJECTS, user.reads.map(inside))]
              : []),
            allow(IN_BUCKETS, user.buckets.map(arn)),
            allow(ON_OBJECTS, user.buckets.map(inside)),
          ]),
      { Effect: "Deny", Action: OWN_KEYS },
    ],
  };
}

const allow = (Action: readonly string[], Resource: readonly string[]): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
});

/** The mirror's user reads all versions of its buckets, and keeps its reports in another. */
export const mirrorPolicy = (
  given: Pick<Extract<UserSpecification, { may: "mirror-buckets" }>, "reads" | "buckets">,
): Policy => policyOf({ name: "mirror", epoch: 1, may: "mirror-buckets", ...given });

/**
 * Policies for the keys of the off-site bucket, for a store that has policies by key. The writing key can neither delete
 * nor change its lock; what it writes over an object is a further version in a bucket with versioning. The pruning key
 * can delete what the lock has released.
 */
export const OFFSITE_POLICIES = {
  write: (bucket: string): Policy => ({
    Version: "2012-10-17",
    Statement: [
      allow([...IN_BUCKETS, "s3:ListBucketVersions"], [arn(bucket)]),
      allow(
        [
          "s3:GetObject",
          "s3:GetObjectVersion",
          "s3:PutObject",
          "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts",
        ],
        [inside(bucket)],
      ),
    ],
  }),
  prune: (bucket: string): Policy => ({
    Version: "2012-10-17",
    Statement: [
      allow([...IN_BUCKETS, "s3:ListBucketVersions"], [arn(bucket)]),
      allow(
        ["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"],
        [inside(bucket)],
      ),
    ],
  }),
} as const;

const arn = (bucket: string) => `arn:aws:s3:::${bucket}`;

const inside = (bucket: string) => `${arn(bucket)}/*`;
