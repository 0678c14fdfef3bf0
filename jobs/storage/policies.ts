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

/**
 * By default, MinIO lets every user change its own secret key and create further keys: a leaked key would survive its
 * rotation. This list denies that.
 */
const OWN_KEYS = ["admin:CreateUser", "admin:CreateServiceAccount", "admin:UpdateServiceAccount"];

/** The least that the user needs: its buckets, or the metrics. */
export function policyOf(user: UserSpecification): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      ...(user.may === "use-buckets"
        ? [
            allow(IN_BUCKETS, user.buckets.map(arn)),
            allow(
              ON_OBJECTS,
              user.buckets.map((bucket) => `${arn(bucket)}/*`),
            ),
          ]
        : [{ Effect: "Allow" as const, Action: ["admin:Prometheus"] }]),
      { Effect: "Deny", Action: OWN_KEYS },
    ],
  };
}

const allow = (Action: readonly string[], Resource: readonly string[]): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
});

const arn = (bucket: string) => `arn:aws:s3:::${bucket}`;
