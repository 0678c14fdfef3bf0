import {
  type Context,
  JobError,
  listProblems,
  ObjectStore,
  type Outcome,
  StoreError,
  sha256Of,
} from "../shared";
import type { StoreAccess } from "./admin";
import { Bucket } from "./buckets";
import type { Contents } from "./specification";

/** A key pair. */
export interface StoreKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

interface PrepareConfig {
  readonly store: StoreAccess;
  readonly contents: Contents;
  /** Keys of those applications that have their own, by application. */
  readonly applicationKeys: Readonly<Record<string, StoreKeys>>;
}

/**
 * Brings the buckets of a store that is not ours to the specification: missing ones are created, versioning and expiry
 * are set. Users and policies are the store's owner's. It fails where anybody can read a bucket without a key, and where
 * the keys of an application do not open its buckets.
 */
export async function prepare(config: PrepareConfig, { log, signal }: Context): Promise<Outcome> {
  const { store, contents } = config;
  for (const declared of contents.buckets) {
    const bucket = new Bucket(declared, store, signal);
    try {
      await bucket.require();
      await bucket.makeParts();
    } finally {
      bucket.close();
    }
    log.info({ bucket: declared.name }, `the bucket ${declared.name} is as declared`);
  }
  const problems = [...(await publicBuckets(config, signal)), ...(await lockedOut(config, signal))];
  if (problems.length > 0) throw new JobError(listProblems("the object storage cannot be used:", problems));
  log.info(
    { buckets: contents.buckets.length, applications: contents.applications.length },
    `${contents.buckets.length} private buckets, ${contents.applications.length} applications, each with keys that open its own`,
  );
  return "done";
}

/** Buckets whose list anybody gets who has no key. */
async function publicBuckets({ store, contents }: PrepareConfig, signal: AbortSignal): Promise<string[]> {
  const problems: string[] = [];
  for (const { name } of contents.buckets) {
    const { status, body } = await fetch(`${store.endpoint}/${name}?list-type=2&max-keys=1`, { signal });
    await body?.cancel();
    if (status === 200)
      problems.push(
        `anybody can list the bucket ${name} without a key; remove the policy or ACL that allows it`,
      );
  }
  return problems;
}

/** Applications whose keys cannot write, read and delete in their buckets. */
async function lockedOut(
  { store, contents, applicationKeys }: PrepareConfig,
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, buckets } of contents.applications) {
    for (const bucket of buckets) {
      const { endpoint, region, user, password } = store;
      const keys = applicationKeys[name] ?? { accessKey: user, secretKey: password };
      const access = new ObjectStore({ endpoint, region, bucket, ...keys }, signal);
      try {
        await tryOut(access, name);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        problems.push(`${name} cannot use ${bucket}: ${error.message}`);
      } finally {
        access.close();
      }
    }
  }
  return problems;
}

/** Writes, lists and deletes a small object. */
async function tryOut(access: ObjectStore, application: string): Promise<void> {
  const key = `trellis-access-check/${sha256Of(application).slice(0, 12)}`;
  await access.write(key, "");
  await access.list(key);
  await access.remove(key);
}
