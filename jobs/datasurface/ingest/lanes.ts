import { type Context, type Database, reason } from "../../shared";
import type { BatchLedger } from "./batches";
import { joinSnapshot, type SharedSnapshot, type SourceSnapshot, shareSnapshot } from "./source";

/** The sessions that take one dataset at a time from the source to the merge database. */
export interface Lane {
  /** Within the snapshot of the batch. */
  readonly source: Database;
  readonly merge: Database;
  readonly batches: BatchLedger;
}

interface OpenLanes {
  /** The run's own lane, whose source session opened the snapshot. */
  readonly first: Lane;
  readonly snapshot: SourceSnapshot;
  /** The most lanes, with the first. */
  readonly most: number;
  /** Opens a session in the source and one in the merge database. */
  open(): Promise<Omit<Lane, "batches">>;
  readonly context: Pick<Context, "log" | "signal">;
}

/**
 * Works with lanes whose sources all show one snapshot, and ends the sessions of all but the first. A server that refuses
 * further sessions or the snapshot makes the run slower and does not fail it.
 */
export async function withLanes<T>(
  { first, snapshot, most, open, context }: OpenLanes,
  work: (lanes: readonly Lane[]) => Promise<T>,
): Promise<T> {
  const others: Omit<Lane, "batches">[] = [];
  try {
    try {
      const shared =
        most > 1 && snapshot.locked ? await shareSnapshot(first.source, snapshot.locked) : undefined;
      while (shared && others.length + 1 < most) {
        others.push(await openIn(shared, open));
      }
    } catch (error) {
      context.signal.throwIfAborted();
      context.log.warn(`reading with ${others.length + 1} instead of ${most} sessions: ${reason(error)}`);
    }
    return await work([
      first,
      ...others.map((sessions) => ({ ...sessions, batches: first.batches.of(sessions.merge) })),
    ]);
  } finally {
    await Promise.all(others.map(end));
  }
}

async function openIn(snapshot: SharedSnapshot, open: OpenLanes["open"]) {
  const sessions = await open();
  try {
    await joinSnapshot(sessions.source, snapshot);
    return sessions;
  } catch (error) {
    await end(sessions);
    throw error;
  }
}

const end = ({ source, merge }: Omit<Lane, "batches">) => Promise.allSettled([source.end(), merge.end()]);

/**
 * Each lane takes item after item until none is left or `goesOn` refuses the next one. The first error stops all lanes;
 * `onError` learns which item it was.
 */
export async function shareOut<Lane, Item>(
  lanes: readonly Lane[],
  items: readonly Item[],
  goesOn: () => boolean,
  take: (lane: Lane, item: Item, signal: AbortSignal) => Promise<void>,
  onError: (item: Item) => void,
): Promise<void> {
  const waiting = [...items];
  const stop = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const work = async (lane: Lane) => {
    while (!stop.signal.aborted && waiting.length > 0 && goesOn()) {
      const item = waiting.shift() as Item; // safe: one is left
      try {
        await take(lane, item, stop.signal);
      } catch (error) {
        if (!failure) onError(item);
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(lanes.map(work));
  if (failure) throw failure.error;
}
