import { type Logger, retry } from "../../shared";
import { type Answer, answerOf, type ServiceKind } from "./answer";
import { type EndpointSlice, type Origin, publishedAnswer, renderSlice, saysTheSame } from "./slice";
import type { Snapshot } from "./snapshot";

/** Where slices are kept; Kubernetes, or a test's stand-in. */
export interface SliceStore {
  /** Undefined where there is none. */
  read(name: string, signal?: AbortSignal): Promise<EndpointSlice | undefined>;
  /** Makes it where it has no version, replaces that very version otherwise; a `Conflict` where another came first. */
  write(slice: EndpointSlice, signal?: AbortSignal): Promise<EndpointSlice>;
}

/** Somebody else has written meanwhile. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** How a settling ended. */
export type Settled = "written" | "refreshed" | "unchanged";

export interface PublisherArgs {
  readonly kind: ServiceKind;
  /** The Service's name, which the slice bears too. */
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  readonly store: SliceStore;
  /** Reads etcd by a quorum: the snapshot is no older than the moment of the call. */
  readonly readNow: (signal?: AbortSignal) => Promise<Snapshot>;
  /** How old the revision in the slice may become while the answer stays. */
  readonly refreshMs: number;
  /** How often the slice is looked at though nothing has changed: somebody may have edited or deleted it. */
  readonly lookMs: number;
  readonly log: Logger;
  readonly now?: () => number;
  readonly onSettled?: (how: Settled, snapshot: Snapshot, endpoints: number) => void;
  readonly onConflict?: () => void;
  readonly onFailure?: (error: unknown, attempt: number) => void;
}

/**
 * Keeps one EndpointSlice at what etcd says, beside other watchers that do the same.
 *
 * Two rules make it impossible that a stale watcher wins. A write that follows from an event alone replaces exactly the
 * slice that this watcher knew, and only by an answer of a later revision. Whenever the slice is not the one that it
 * knew, it is read first and etcd after it, by a quorum; so that snapshot is no older than any answer in the slice. If
 * its revision is lower nevertheless, or its cluster another, etcd itself has begun anew from a backup, and the slice
 * speaks of a history that is gone.
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

  /** Takes the newest snapshot; those that it overtakes are never published. */
  offer(snapshot: Snapshot): void {
    this.#offered = snapshot;
    this.#wake();
  }

  /** Settles whenever something was offered, or it is time to look, until it is stopped. */
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

  /** Knows nothing of the slice any more: the next settling looks at it. */
  forget(): void {
    this.#held = undefined;
  }

  /** Brings the slice to what is known, once; throws a `Conflict` where another watcher came first. */
  async settle(signal?: AbortSignal): Promise<Settled> {
    const offered = this.#offered;
    if (!offered) return "unchanged";
    if (this.#held && follows(offered, publishedAnswer(this.#held).origin)) {
      return this.#publish(offered, this.#held, signal);
    }
    // The order matters: what is read from etcd after the slice is no older than what the slice says.
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
      if (!follows(snapshot, last.origin)) return "written"; // the revision itself begins anew
      return this.#now() - last.writtenAt >= refreshMs ? "refreshed" : "unchanged";
    })();
    this.#held = settled === "unchanged" ? held : await store.write(wanted, signal);
    onSettled?.(settled, snapshot, answer.endpoints.length);
    return settled;
  }
}

/** Whether a snapshot is of the same history as an answer, and at its revision or after it. */
function follows({ clusterId, revision }: Origin, origin: Origin | undefined): boolean {
  return origin !== undefined && clusterId === origin.clusterId && revision >= origin.revision;
}

/** Revisions of another cluster mean nothing here; its endpoints may still be right. */
const withoutTerm = (last: Answer | undefined): Answer | undefined => last && { ...last, leaderSince: 0 };
