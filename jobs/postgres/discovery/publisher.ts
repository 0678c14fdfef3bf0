import { type Logger, retry } from "../../shared";
import { type Answer, answerOf, type ServiceKind } from "./answer";
import { type EndpointSlice, type Origin, publishedAnswer, renderSlice, saysTheSame } from "./slice";
import type { Snapshot } from "./snapshot";

/** Where slices are stored: Kubernetes, or a test's stand-in. */
export interface SliceStore {
  /** Undefined where the slice does not exist. */
  read(name: string, signal?: AbortSignal): Promise<EndpointSlice | undefined>;
  /**
   * Creates a slice without a version, otherwise replaces exactly that version; throws a `Conflict` if another write
   * came first.
   */
  write(slice: EndpointSlice, signal?: AbortSignal): Promise<EndpointSlice>;
}

/** Another writer changed the slice meanwhile. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** The result of one update. */
export type Settled = "written" | "refreshed" | "unchanged";

export interface PublisherArgs {
  /** Which endpoints to publish: those of the primary or of the replicas. */
  readonly kind: ServiceKind;
  /** Name of the Service and of the slice. */
  readonly name: string;
  /** Namespace of the Service and of the slice. */
  readonly namespace: string;
  /** PostgreSQL's port, the same on all members. */
  readonly port: number;
  /** Reads and writes the slice. */
  readonly store: SliceStore;
  /** Reads etcd with a quorum: the snapshot is at least as new as the call. */
  readonly readNow: (signal?: AbortSignal) => Promise<Snapshot>;
  /** Maximum age of the revision in the slice while the endpoints do not change. */
  readonly refreshMs: number;
  /** How often to check the slice although nothing has changed: somebody may have edited or deleted it. */
  readonly lookMs: number;
  /** Receives a warning when etcd was restored from a backup. */
  readonly log: Logger;
  /** The clock, in milliseconds. @default Date.now */
  readonly now?: () => number;
  /** Called after each update, with its result. @default nothing */
  readonly onSettled?: (how: Settled, snapshot: Snapshot, endpoints: number) => void;
  /** Called when another watcher wrote first. @default nothing */
  readonly onConflict?: () => void;
  /** Called after each failed attempt, which is retried. @default nothing */
  readonly onFailure?: (error: unknown, attempt: number) => void;
}

/**
 * Keeps one EndpointSlice in step with etcd, beside other watchers that do the same.
 *
 * Two rules prevent a stale watcher from overwriting a newer state. First, a write caused by an event alone replaces
 * exactly the version of the slice that this watcher last saw, and only with endpoints of a later revision. Second,
 * whenever the watcher has no copy of the slice, or its snapshot does not follow that copy, it reads the slice first
 * and then etcd with a quorum. So that snapshot is at least as new as the endpoints in the slice. If its revision is
 * nevertheless lower, or its cluster id differs, etcd was restored from a backup, and the slice belongs to a history
 * that no longer exists.
 */
export class Publisher {
  readonly #args: PublisherArgs;
  readonly #now: () => number;
  #held: EndpointSlice | undefined;
  #offered: Snapshot | undefined;
  #wake: () => void = () => undefined;

  constructor(args: PublisherArgs) {
    this.#args = args;
    this.#now = args.now ?? Date.now;
  }

  /** Takes the newest snapshot; older unpublished ones are skipped. */
  offer(snapshot: Snapshot): void {
    this.#offered = snapshot;
    this.#wake();
  }

  /** Updates the slice after each new snapshot and at each check interval, until it is stopped. */
  async run(signal: AbortSignal): Promise<never> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await retry(() => this.settle(signal), {
        attempts: Number.POSITIVE_INFINITY,
        firstDelayMs: 20,
        longestDelayMs: 500,
        signal,
        onRetry: (error, attempt) => {
          this.forget();
          if (error instanceof Conflict) this.#args.onConflict?.();
          else this.#args.onFailure?.(error, attempt);
          return undefined;
        },
      });
      const timer = setTimeout(() => {
        this.forget();
        this.#wake();
      }, this.#args.lookMs);
      await woken;
      clearTimeout(timer);
      signal.throwIfAborted();
    }
  }

  /** Drops the cached slice: the next update reads it again. */
  forget(): void {
    this.#held = undefined;
  }

  /** Updates the slice to the newest snapshot, once; throws a `Conflict` where another watcher came first. */
  async settle(signal?: AbortSignal): Promise<Settled> {
    const offered = this.#offered;
    if (!offered) return "unchanged";
    if (this.#held && follows(offered, publishedAnswer(this.#held).origin)) {
      return this.#publish(offered, this.#held, signal);
    }
    // The order matters: etcd is read after the slice, so its snapshot is at least as new as the slice's content.
    const { name, store, readNow, log } = this.#args;
    const held = await store.read(name, signal);
    const snapshot = await readNow(signal);
    const origin = held && publishedAnswer(held).origin;
    if (origin && !follows(snapshot, origin)) {
      log.warn(
        { slice: name, origin, revision: snapshot.revision, cluster: snapshot.clusterId },
        `${name} speaks of a history that etcd does not know: etcd was restored, and what it says now holds`,
      );
    }
    return this.#publish(snapshot, held, signal);
  }

  async #publish(
    snapshot: Snapshot,
    held: EndpointSlice | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Settled> {
    const { kind, store, refreshMs, onSettled } = this.#args;
    const last = held && publishedAnswer(held);
    const origin = { clusterId: snapshot.clusterId, revision: snapshot.revision };
    const answer = answerOf(
      kind,
      snapshot,
      last?.origin?.clusterId === origin.clusterId ? last : withoutTerm(last),
    );
    const wanted = renderSlice(this.#args, answer, origin, this.#now(), held);
    const settled = ((): Settled => {
      if (!held || !last?.origin || !saysTheSame(held, wanted)) return "written";
      if (last.leaderSince !== answer.leaderSince) return "written"; // the same leader, in a new term
      if (!follows(snapshot, last.origin)) return "written"; // revisions start again after a restore of etcd
      return this.#now() - last.writtenAt >= refreshMs ? "refreshed" : "unchanged";
    })();
    this.#held = settled === "unchanged" ? held : await store.write(wanted, signal);
    onSettled?.(settled, snapshot, answer.endpoints.length);
    return settled;
  }
}

/** Whether a snapshot belongs to the same history as the published endpoints, at their revision or later. */
function follows({ clusterId, revision }: Origin, origin: Origin | undefined): boolean {
  return origin !== undefined && clusterId === origin.clusterId && revision >= origin.revision;
}

/** Revisions of another cluster are meaningless here; its endpoints may still be right. */
const withoutTerm = (last: Answer | undefined): Answer | undefined => last && { ...last, leaderSince: 0 };
