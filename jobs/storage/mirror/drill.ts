import { createHash } from "node:crypto";
import { type Context, JobError, listProblems, StoreError } from "../../shared";
import { Changed, opened, versionContent } from "./content";
import { identityOf, recordPrefix } from "./records";
import type { BucketCounts } from "./state";
import type { Stores } from "./stores";
import { type Counterparts, walk } from "./walk";

interface DrillArgs {
  readonly stores: Stores;
  readonly buckets: readonly string[];
  /** How many objects of each bucket are restored and compared. */
  readonly sample: number;
  /** Objects that were stored before this must be in the copy. */
  readonly copiedBefore: Date;
  /** The private key (age). */
  readonly identity: string;
}

/**
 * Restores a random sample of each bucket from the copy, and compares the SHA-256 of each object with that of the source.
 * Fails too where an object of the source is not in the copy.
 */
export async function drill(
  args: DrillArgs,
  context: Pick<Context, "signal">,
  tell: (bucket: string, counts: BucketCounts) => void,
): Promise<void> {
  const problems: string[] = [];
  for (const bucket of args.buckets) {
    const source = args.stores.source(bucket);
    const counts = { restored: 0, restoredBytes: 0, missing: 0 };
    try {
      const { chosen, missing } = await choose(args, bucket, source.versions(""), context);
      counts.missing = missing.length;
      problems.push(...missing.slice(0, 5).map((key) => `${bucket}: ${key} is not in the copy`));
      if (missing.length > 5) problems.push(`${bucket}: and ${missing.length - 5} more are not in the copy`);
      for (const { versions, records } of chosen) {
        context.signal.throwIfAborted();
        const [record, version] = [records.at(-1), versions[0]];
        if (!record || !version) throw new Error("only objects of both sides are chosen");
        try {
          const { header, content } = await opened({ ...args, copy: args.stores.copy, bucket, record });
          const [there, here] = [await digestOf(content), await digestOf(versionContent(source, version))];
          if (there !== here) problems.push(`${bucket}: ${record.key} is another in the copy`);
          counts.restored++;
          counts.restoredBytes += header.bytes;
        } catch (error) {
          if (error instanceof Changed) continue;
          if (!(error instanceof JobError) || error instanceof StoreError) throw error;
          problems.push(`${bucket}: ${error.message}`);
        }
      }
    } finally {
      source.close();
    }
    tell(bucket, counts);
  }
  if (problems.length > 0)
    throw new JobError(listProblems("the off-site copy is not what is at the source:", problems));
}

/** A random sample of the objects that are on both sides, each as likely as any other, and what the copy lacks. */
async function choose(
  { stores, sample, copiedBefore }: DrillArgs,
  bucket: string,
  source: Parameters<typeof walk>[0],
  { signal }: Pick<Context, "signal">,
) {
  const chosen: Counterparts[] = [];
  const missing: string[] = [];
  let candidates = 0;
  for await (const counterparts of walk(source, stores.copy.versions(recordPrefix(bucket)))) {
    signal.throwIfAborted();
    const { key, versions, records } = counterparts;
    const [current] = versions;
    if (!current || current.deleted) continue;
    if (records.at(-1)?.id !== identityOf(current)) {
      if (current.modified < copiedBefore) missing.push(key);
      continue;
    }
    candidates++;
    if (chosen.length < sample) chosen.push(counterparts);
    else {
      const place = Math.floor(Math.random() * candidates);
      if (place < sample) chosen[place] = counterparts;
    }
  }
  return { chosen, missing };
}

async function digestOf(content: AsyncIterable<Buffer>): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of content) digest.update(chunk);
  return digest.digest("hex");
}
