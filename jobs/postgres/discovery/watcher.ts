import { setTimeout as wait } from "node:timers/promises";
import { type Logger, reason, retry } from "../../shared";
import { type EtcdGateway, endOfPrefix } from "../etcd";
import { applyChanges, newestChange, readSnapshot, type Snapshot, watchMessage } from "./snapshot";

interface WatcherArgs {
  readonly gateway: EtcdGateway;
  /** The prefix of the keys to follow. */
  readonly prefix: string;
  /** How often all keys are read with a quorum, besides the watch. */
  readonly readMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called with each new state of the keys. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Called with the reason when the watch restarts. @default nothing */
  readonly onReconnect?: (reason: unknown) => void;
  /** Called when etcd has answered and the watcher is up to date. */
  readonly onContact?: () => void;
}

/** The watch must be restarted; the log gets the reason. */
class BeginAnew extends Error {
  override readonly name = "BeginAnew";
}

/**
 * Follows all keys under a prefix. The watch makes changes visible quickly. A quorum read of all keys every few seconds
 * detects what the watch misses: a silent watch (a half-open connection, a member that lost the others), compacted
 * history, and an etcd that was restored from a backup.
 */
export async function watchKeys(args: WatcherArgs): Promise<never> {
  const { gateway, prefix, signal, log } = args;
  for (;;) {
    const begin = await retry(() => readSnapshot(gateway, prefix, signal), {
      attempts: Number.POSITIVE_INFINITY,
      firstDelayMs: 100,
      longestDelayMs: 2_000,
      signal,
      onRetry: (error, attempt) => {
        log.warn({ endpoint: gateway.endpoint, attempt }, `etcd cannot be read: ${reason(error)}`);
        gateway.moveOn();
        return undefined;
      },
    });
    args.onContact?.();
    log.info(
      { endpoint: gateway.endpoint, revision: begin.revision },
      `watching ${prefix} from revision ${begin.revision}`,
    );
    try {
      await session(begin, args);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ endpoint: gateway.endpoint }, `the watch begins anew: ${reason(error)}`);
      args.onReconnect?.(error);
      if (!(error instanceof BeginAnew)) gateway.moveOn();
    }
  }
}

/** One watch and its parallel reads; ends by throwing. */
async function session(begin: Snapshot, args: WatcherArgs): Promise<never> {
  const { gateway, prefix, onSnapshot } = args;
  const ending = new AbortController();
  const end = () => ending.abort(args.signal.reason);
  args.signal.addEventListener("abort", end, { once: true });
  const { signal } = ending;

  let known = begin;
  /** The newest revision delivered by the watch itself. */
  let delivered = begin.revision;
  onSnapshot(known);

  const watching = gateway.watch({
    key: prefix,
    end: endOfPrefix(prefix),
    startRevision: begin.revision + 1,
    signal,
    onMessage: (text) => {
      const { changes, compacted, cancelled } = watchMessage(text, prefix);
      if (compacted) throw new BeginAnew("the history since the last change was compacted away");
      if (cancelled) throw new Error(`etcd has cancelled the watch: ${cancelled}`);
      if (changes.length === 0) return;
      delivered = Math.max(delivered, ...changes.map(({ revision }) => revision));
      const changed = applyChanges(known, changes);
      if (changed.revision === known.revision) return;
      known = changed;
      onSnapshot(known);
    },
  });

  const reading = async (): Promise<never> => {
    let due = delivered;
    for (;;) {
      await wait(args.readMs, undefined, { signal });
      const read = await readSnapshot(gateway, prefix, signal);
      args.onContact?.();
      if (read.clusterId !== known.clusterId || read.revision < known.revision) {
        throw new BeginAnew("etcd was restored from a backup");
      }
      if (delivered < due)
        throw new Error("the watch has gone silent: a change was read that it has not told");
      due = newestChange(read);
      known = read;
      onSnapshot(known);
    }
  };

  try {
    return await Promise.race([watching, reading()]);
  } finally {
    ending.abort(new BeginAnew("the session has ended"));
    args.signal.removeEventListener("abort", end);
    await watching.catch(() => undefined);
  }
}
