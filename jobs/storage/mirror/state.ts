import { z } from "zod";
import { type Context, type ObjectStore, reason } from "../../shared";

export const RUNS = ["mirror", "prune", "drill"] as const;
export type Run = (typeof RUNS)[number];

/** Counts of one bucket, by name of the metric. */
export type BucketCounts = Readonly<Record<string, number>>;

const state = z.object({
  /** When the run was begun: everything that was stored before is in the copy. */
  at: z.iso.datetime(),
  seconds: z.number(),
  good: z.boolean(),
  error: z.string(),
  /** When the last good run was begun. */
  goodAt: z.iso.datetime().optional(),
  buckets: z.record(z.string(), z.record(z.string(), z.number())),
});

export type State = z.infer<typeof state>;

const keyOf = (run: Run) => `runs/${run}.json`;

/** How the last run ended; undefined where there was none. */
export async function readState(reports: ObjectStore, run: Run): Promise<State | undefined> {
  const text = await reports.readText(keyOf(run));
  if (text === undefined) return undefined;
  try {
    return state.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Runs the work and stores how it ended, also when it failed: the exporter reads it from there. */
export async function recording(
  reports: ObjectStore,
  run: Run,
  { log }: Pick<Context, "log">,
  work: (tell: (bucket: string, counts: BucketCounts) => void) => Promise<void>,
): Promise<void> {
  const at = new Date();
  const buckets: Record<string, Record<string, number>> = {};
  const write = async (error: string | undefined) => {
    const before = await readState(reports, run);
    const ended: State = {
      at: at.toISOString(),
      seconds: Math.round((Date.now() - at.getTime()) / 100) / 10,
      good: error === undefined,
      error: error ?? "",
      goodAt: error === undefined ? at.toISOString() : before?.goodAt,
      buckets,
    };
    await reports.write(keyOf(run), `${JSON.stringify(ended, undefined, 2)}\n`);
  };
  try {
    await work((bucket, counts) => {
      buckets[bucket] = { ...counts };
    });
  } catch (error) {
    // The user must see the original failure, even if its report cannot be stored.
    await write(reason(error)).catch(() => undefined);
    throw error;
  }
  await write(undefined).catch((error: unknown) =>
    log.warn(`it went well, but its report is not stored: ${reason(error)}`),
  );
}
