import { type Context, JobError, listProblems, type ObjectStore } from "../../shared";
import { type Header, isDigest, opened } from "./content";
import { Pool } from "./pool";
import { type CopyRecord, recordPrefix, stampOf } from "./records";
import type { Stores } from "./stores";
import { recordGroups } from "./walk";

interface RestoreArgs {
  readonly stores: Stores;
  /** The bucket as it was called. */
  readonly bucket: string;
  /** The bucket that receives the objects; it must exist. */
  readonly into: string;
  /** Only objects whose keys start with this. */
  readonly prefix: string;
  /** What the bucket held at this moment; undefined for all that it held last. */
  readonly at: Date | undefined;
  /** Whether objects with other content are replaced. */
  readonly force: boolean;
  /** The private key (age). */
  readonly identity: string;
}

interface Restored {
  readonly objects: number;
  readonly bytes: number;
  /** Objects that were there already, with the same content. */
  readonly same: number;
}

const WIDTH = 4;
const MOST_PROBLEMS = 20;

/** Restores a bucket. A run that was killed is continued by the next: what is there with the same content is skipped. */
export async function restore(args: RestoreArgs, { signal }: Pick<Context, "signal">): Promise<Restored> {
  const { stores, bucket } = args;
  const target = stores.source(args.into);
  const counts = { objects: 0, bytes: 0, same: 0, others: 0 };
  const problems: string[] = [];
  const pool = new Pool(WIDTH);
  const until = args.at && stampOf(args.at);
  try {
    await target.check();
    try {
      for await (const { records } of recordGroups(stores.copy.versions(recordPrefix(bucket, args.prefix)))) {
        signal.throwIfAborted();
        const record = records.findLast(({ seen }) => until === undefined || seen <= until);
        if (record?.id === undefined) continue;
        await pool.run(async () => {
          const ended = await restoreObject(args, target, record);
          if (typeof ended !== "string") {
            counts.objects++;
            counts.bytes += ended.bytes;
          } else if (ended === "same") counts.same++;
          else if (problems.length < MOST_PROBLEMS) problems.push(ended);
          else counts.others++;
        });
      }
    } finally {
      await pool.drain();
    }
  } finally {
    target.close();
  }
  if (counts.others > 0) problems.push(`and ${counts.others} more`);
  if (problems.length > 0)
    throw new JobError(listProblems(`${bucket} is not restored as a whole:`, problems));
  return counts;
}

async function restoreObject(
  { stores, bucket, identity, force, into }: RestoreArgs,
  target: ObjectStore,
  record: CopyRecord,
): Promise<Header | "same" | (string & {})> {
  try {
    const { header, content } = await opened({ copy: stores.copy, bucket, record, identity });
    const there = await currentOf(target, record.key);
    if (there && isDigest(there.etag) && there.etag === header.etag) {
      await content.return(undefined);
      return "same";
    }
    if (there && !force) {
      await content.return(undefined);
      return `${into} has another ${record.key}; --force replaces it, --into names another bucket`;
    }
    await target.upload(record.key, content, header.metadata);
    return header;
  } catch (error) {
    if (!(error instanceof JobError) || "status" in error) throw error;
    return error.message;
  }
}

async function currentOf(target: ObjectStore, key: string) {
  for await (const each of target.versions(key)) {
    if (each.key !== key) return undefined;
    if (each.latest) return each.deleted ? undefined : each;
  }
  return undefined;
}
