import { type Context, JobError, listProblems, type ObjectStore, reason, StoreError } from "../../shared";
import { Changed, sealed } from "./content";
import { planOf } from "./plan";
import { Pool } from "./pool";
import { deletionName, isTooLong, recordName, recordPrefix, stampOf, timeOf } from "./records";
import type { BucketCounts } from "./state";
import type { Stores } from "./stores";
import { type Counterparts, walk } from "./walk";

export interface MirrorArgs {
  readonly stores: Stores;
  readonly buckets: readonly string[];
  /** The public key (age) that the copies are encrypted for. */
  readonly recipient: string;
  /** For how many days the copy keeps what was replaced or deleted. */
  readonly keepDays: number;
  /** The buckets of which most objects were deleted on purpose. */
  readonly acceptDeletions: readonly string[];
}

const DAY_MS = 24 * 3_600_000;

/** Objects on their way at a time; each takes up to 32 MiB of memory. */
const WIDTH = 4;

/** After so many faults of single objects in a bucket, a person should look. */
const MOST_PROBLEMS = 20;

/**
 * Brings the off-site copy of each bucket up to date. What is there already is found by its listing, so that a run that
 * was killed is continued by the next. A fault of one object or bucket does not stop the others; the run fails at its end.
 */
export async function mirror(
  args: MirrorArgs,
  context: Context,
  tell: (bucket: string, counts: BucketCounts) => void,
): Promise<void> {
  const problems: string[] = [];
  for (const bucket of args.buckets) {
    const run = new BucketMirror(args, bucket, context);
    try {
      await run.mirror();
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof JobError)) throw error;
      run.problems.push(explained(error, bucket));
    } finally {
      run.close();
    }
    tell(bucket, run.counts);
    problems.push(...run.problems.map((problem) => `${bucket}: ${problem}`));
    context.log.info({ bucket, ...run.counts }, `${bucket}: ${run.counts.copied} versions copied`);
  }
  if (problems.length > 0) throw new JobError(listProblems("the off-site copy is not complete:", problems));
}

const explained = (error: JobError, bucket: string) =>
  error instanceof StoreError && error.code === "NoSuchBucket"
    ? `${error.message}. Its copy off-site stays; if ${bucket} was deleted on purpose, remove it from the settings`
    : error.message;

class BucketMirror {
  readonly counts = { objects: 0, bytes: 0, copied: 0, copiedBytes: 0, deletions: 0, changed: 0 };
  readonly problems: string[] = [];
  readonly #source: ObjectStore;
  readonly #keptSince: Date;

  constructor(
    private readonly args: MirrorArgs,
    private readonly bucket: string,
    private readonly context: Context,
  ) {
    this.#source = args.stores.source(bucket);
    this.#keptSince = new Date(Date.now() - args.keepDays * DAY_MS);
  }

  async mirror(): Promise<void> {
    const found = await this.#copyAll();
    if (!found.anyDeletion) return;
    // A bucket that was emptied or made anew must not empty the copy: a person decides what happened.
    if (2 * found.deleted > found.held && !this.args.acceptDeletions.includes(this.bucket)) {
      this.problems.push(
        `${found.deleted} of the ${found.held} objects in the copy are gone at the source; their deletion is not recorded and nothing will be pruned. If it is right: jobs storage mirror --accept-deletions ${this.bucket}`,
      );
      return;
    }
    await this.#recordDeletions();
  }

  close(): void {
    this.#source.close();
  }

  #counterparts(): AsyncGenerator<Counterparts> {
    return walk(this.#source.versions(""), this.args.stores.copy.versions(recordPrefix(this.bucket)));
  }

  async #copyAll() {
    const found = { deleted: 0, held: 0, anyDeletion: false };
    const pool = new Pool(WIDTH);
    try {
      for await (const counterparts of this.#counterparts()) {
        this.context.signal.throwIfAborted();
        const plan = planOf(counterparts, this.#keptSince);
        if (plan.held) found.held++;
        if (plan.deletion) found.anyDeletion = true;
        if (plan.deletion && plan.held) found.deleted++;
        const current = counterparts.versions.find(({ latest, deleted }) => latest && !deleted);
        if (current) {
          this.counts.objects++;
          this.counts.bytes += current.bytes;
        }
        if (plan.copies.length > 0) await pool.run(() => this.#copy(counterparts, plan.copies));
      }
    } finally {
      await pool.drain();
    }
    return found;
  }

  /** The versions of one object, one after the other: their order is that of the records. */
  async #copy({ records }: Counterparts, versions: Counterparts["versions"]): Promise<void> {
    let seen = records.at(-1)?.seen;
    for (const version of versions) {
      seen = nextStamp(seen);
      const name = recordName(this.bucket, version.key, seen, version);
      try {
        if (isTooLong(name))
          throw new JobError(`${version.key}: its key is too long to be copied; shorten it`);
        const { recipient, stores } = this.args;
        const content = sealed({ source: this.#source, bucket: this.bucket, version, recipient });
        await stores.copy.upload(name, content);
        this.counts.copied++;
        this.counts.copiedBytes += version.bytes;
      } catch (error) {
        if (error instanceof Changed) this.counts.changed++;
        else this.#note(error);
      }
    }
  }

  async #recordDeletions(): Promise<void> {
    for await (const counterparts of this.#counterparts()) {
      this.context.signal.throwIfAborted();
      if (!planOf(counterparts, this.#keptSince).deletion) continue;
      const { key, records } = counterparts;
      if (records.at(-1)?.id === undefined) continue;
      const seen = nextStamp(records.at(-1)?.seen);
      await this.args.stores.copy.write(deletionName(this.bucket, key, seen), "", { patient: true });
      this.counts.deletions++;
    }
  }

  /** Notes the fault of one object. What concerns all of them ends the bucket's run. */
  #note(error: unknown): void {
    this.context.signal.throwIfAborted();
    if (!(error instanceof JobError) || (error instanceof StoreError && !error.isAnswer)) throw error;
    if (this.problems.length >= MOST_PROBLEMS) throw error;
    this.problems.push(reason(error));
  }
}

/** Now, but after the record before: the clock may have been set back. */
function nextStamp(before: string | undefined): string {
  const least = before === undefined ? 0 : timeOf(before).getTime() + 1;
  return stampOf(new Date(Math.max(Date.now(), least)));
}
