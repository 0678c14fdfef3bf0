import { type Context, JobError, listProblems, ObjectStore, type Outcome, StoreError } from "../shared";
import { Admin, type RootAccess } from "./admin";
import { Bucket } from "./buckets";
import { policyOf } from "./policies";
import type { Specification, UserSpecification } from "./specification";

interface ProvisionConfig {
  readonly root: RootAccess;
  readonly specification: Specification;
  /** Keyed by user. */
  readonly secretKeys: Readonly<Record<string, string>>;
}

/**
 * Brings buckets, users and policies to the specification. Each step can be repeated. The order leaves nothing behind
 * that the next run would not find: a policy is created before its user and removed after it.
 */
export async function provision(config: ProvisionConfig, { log, signal }: Context): Promise<Outcome> {
  const { root, specification, secretKeys } = config;
  const admin = new Admin(root, signal);
  try {
    await admin.requireWrites();
    const known = await admin.policyNames();

    for (const declared of specification.buckets) {
      const bucket = new Bucket(declared, root, signal);
      try {
        await bucket.make();
      } finally {
        bucket.close();
      }
      log.info({ bucket: declared.name }, `the bucket ${declared.name} is as declared`);
    }

    for (const user of specification.users) {
      await admin.setPolicy(user.name, policyOf(user));
      await admin.setUser(user.name, secretKeyOf(user, secretKeys), user.name);
      log.info({ user: user.name, epoch: user.epoch }, `the user ${user.name} may ${deeds(user)}`);
    }

    const declared = new Set(specification.users.map(({ name }) => name));
    for (const name of known.filter((each) => each.startsWith(specification.prefix) && !declared.has(each))) {
      await admin.removeUser(name);
      await admin.removePolicy(name);
      log.info({ user: name }, `the user ${name} is no longer declared, and removed`);
    }
  } finally {
    admin.close();
  }

  const problems = [...(await openBuckets(config, signal)), ...(await lockedOut(config, signal))];
  if (problems.length > 0) {
    throw new JobError(listProblems("object storage is not as declared:", problems));
  }
  log.info(
    { buckets: specification.buckets.length, users: specification.users.length },
    `${specification.buckets.length} private buckets, ${specification.users.length} users, each with its own policy`,
  );
  return "done";
}

/**
 * Buckets with a bucket policy, which allow access without a key. A person must decide whether the policy is intended.
 */
async function openBuckets({ root, specification }: ProvisionConfig, signal: AbortSignal): Promise<string[]> {
  const problems: string[] = [];
  for (const declared of specification.buckets) {
    const bucket = new Bucket(declared, root, signal);
    try {
      if ((await bucket.foreignPolicy()) !== undefined) {
        problems.push(
          `the bucket ${declared.name} has a policy that lets in whoever has no key; remove it: mc anonymous set private here/${declared.name}`,
        );
      }
    } finally {
      bucket.close();
    }
  }
  return problems;
}

/** Users who cannot access their buckets with the keys that the applications receive. */
async function lockedOut(
  { root, specification, secretKeys }: ProvisionConfig,
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  for (const user of specification.users) {
    if (user.may === "read-metrics") continue;
    for (const bucket of user.may === "mirror-buckets" ? [...user.reads, ...user.buckets] : user.buckets) {
      const { endpoint, region } = root;
      const keys = { accessKey: user.name, secretKey: secretKeyOf(user, secretKeys) };
      const store = new ObjectStore({ endpoint, region, bucket, ...keys }, signal);
      try {
        await store.check();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        problems.push(`the user ${user.name} cannot come to ${bucket}: ${error.message}`);
      } finally {
        store.close();
      }
    }
  }
  return problems;
}

function secretKeyOf({ name }: UserSpecification, keys: ProvisionConfig["secretKeys"]): string {
  const key = keys[name];
  if (key === undefined)
    throw new Error(`the key of ${name} passed the check of the settings without being there`);
  return key;
}

function deeds(user: UserSpecification): string {
  switch (user.may) {
    case "read-metrics":
      return "read metrics";
    case "mirror-buckets":
      return `read ${user.reads.join(", ")}`;
    case "use-buckets":
      return `use ${user.buckets.join(", ")}`;
  }
}
