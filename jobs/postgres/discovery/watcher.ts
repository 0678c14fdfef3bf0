import { setTimeout as wait } from "node:timers/promises";
import { type Logger, reason, retry } from "../../shared";
import { type EtcdGateway, endOfPrefix } from "../etcd";
import { applyChanges, newestChange, readSnapshot, type Snapshot, watchMessage } from "./snapshot";

interface WatcherArgs {
  readonly gateway: EtcdGateway;
  readonly prefix: string;
  /** How often all keys are read by a quorum, beside the watch. */
  readonly readMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onReconnect?: (reason: unknown) => void;
  /** etcd has answered: the watcher knows what is. */
  readonly onContact?: () => void;
}

/** The watch has to begin anew; what for is said to the log. */
class BeginAnew extends Error {
  override readonly name = "BeginAnew";
}

/**
 * Follows all keys below a prefix. The watch makes it quick; a read of everything, every few seconds and by a quorum,
 * makes it sure: it shows a watch that has gone silent (a half-open connection, a member that lost the others), history
 * that was compacted away, and an etcd that was restored from a backup.
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

/** One watch and the reads beside it; ends by throwing. */
async function session(begin: Snapshot, args: WatcherArgs): Promise<never> {
  const { gateway, prefix, onSnapshot } = args;
  const ending = new AbortController();
  const end = () => ending.abort(args.signal.reason);
  args.signal.addEventListener("abort", end, { once: true });
  const { signal } = ending;

  let known = begin;
  /** The newest revision that the watch itself has delivered. */
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
