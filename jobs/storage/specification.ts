import { z } from "zod";

/**
 * The desired content of object storage: the program renders it, and the provisioning job reads it. Users and policies
 * that start with the prefix and are not in it are removed.
 */

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "allowed: 3 to 63 of a-z, 0-9 and inner dashes");

const days = z.int().min(1).max(3650).optional();

const bucket = z.strictObject({
  name: bucketName,
  versioning: z.boolean(),
  /** Days after which objects are deleted. */
  expireDays: days,
  /** Days after which a replaced version of an object is deleted. */
  noncurrentDays: days,
});

/** Also the name of the user's policy, and of the file with its secret key. */
const userName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{1,61}[a-z0-9](_\d{1,7})?$/,
    "allowed: 3 to 63 lower-case letters, digits and inner dashes, and an underscore with the epoch",
  );

/** Raised by each rotation: a user of an application has a name of its own for each. */
const epoch = z.int().min(1).max(1_000_000);

const user = z.discriminatedUnion("may", [
  z.strictObject({
    name: userName,
    epoch,
    may: z.literal("use-buckets"),
    buckets: z.array(bucketName).min(1, "a user without a bucket has nothing to do"),
  }),
  z.strictObject({
    name: userName,
    epoch,
    may: z.literal("mirror-buckets"),
    /** Buckets whose objects the user reads, with all versions. */
    reads: z.array(bucketName),
    /** Buckets for its own reports. */
    buckets: z.array(bucketName).min(1),
  }),
  z.strictObject({ name: userName, epoch, may: z.literal("read-metrics") }),
]);

export const specification = z
  .strictObject({
    /** Prefix of the users and policies that this program manages; no other may use it. */
    prefix: z.string().regex(/^[a-z][a-z0-9-]{1,20}-$/, "allowed: a name that ends in a dash"),
    buckets: z.array(bucket),
    users: z.array(user),
  })
  .check((context) => {
    const { prefix, buckets, users } = context.value;
    const complain = (message: string) =>
      context.issues.push({ code: "custom", message, input: context.value });
    for (const name of repeated(buckets)) complain(`the bucket ${name} is declared twice`);
    for (const name of repeated(users)) complain(`the user ${name} is declared twice`);
    for (const { name, ...rest } of users) {
      if (!name.startsWith(prefix)) complain(`the user ${name} does not begin with ${prefix}`);
      if (rest.may === "read-metrics") continue;
      const used = rest.may === "mirror-buckets" ? [...rest.reads, ...rest.buckets] : rest.buckets;
      for (const bucket of used.filter((each) => !buckets.some((declared) => declared.name === each)))
        complain(`the user ${name} is to use the bucket ${bucket}, which is not declared`);
    }
  });

/** What `prepare` creates in a store that is not ours: the program renders it too. */
export const contents = z.strictObject({
  buckets: z.array(bucket),
  applications: z.array(
    z.strictObject({
      name: userName,
      buckets: z.array(bucketName).min(1),
      /** Whether the application has keys of its own. */
      ownKeys: z.boolean(),
    }),
  ),
});

export type Contents = z.infer<typeof contents>;
export type Specification = z.infer<typeof specification>;
export type BucketSpecification = Specification["buckets"][number];
export type UserSpecification = Specification["users"][number];

const repeated = (named: readonly { readonly name: string }[]): string[] =>
  named.map(({ name }) => name).filter((name, index, all) => all.indexOf(name) < index);
