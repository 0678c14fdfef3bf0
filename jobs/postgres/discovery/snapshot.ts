import { z } from "zod";
import { type EtcdGateway, endOfPrefix, fromBase64, range } from "../etcd";

/** One key as etcd holds it. */
export interface Entry {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** What etcd held below a prefix at one revision; keys without the prefix. */
export interface Snapshot {
  readonly clusterId: string;
  readonly revision: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** One key that was written, or deleted where there is no entry. */
interface Change {
  readonly key: string;
  readonly revision: number;
  readonly entry: Entry | undefined;
}

/** What a watch says: changes of whole revisions, in their order. */
interface WatchMessage {
  readonly changes: readonly Change[];
  /** The history that was asked for is compacted away: all must be read anew. */
  readonly compacted: boolean;
  /** Why etcd has ended the watch. */
  readonly cancelled: string | undefined;
}

/** The snapshot after the changes; those that it holds already are passed over. */
export function applyChanges(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const entries = new Map(snapshot.entries);
  let { revision } = snapshot;
  for (const change of changes) {
    if (change.revision <= snapshot.revision) continue;
    if (change.entry) entries.set(change.key, change.entry);
    else entries.delete(change.key);
    revision = Math.max(revision, change.revision);
  }
  return { ...snapshot, revision, entries };
}

/** The newest change that can be seen in a snapshot; deletions leave no trace in it. */
export function newestChange({ entries }: Snapshot): number {
  return Math.max(0, ...[...entries.values()].map(({ modRevision }) => modRevision));
}

/** Reads all keys below the prefix, by a quorum: what comes back cannot be older than the moment of asking. */
export async function readSnapshot(
  gateway: EtcdGateway,
  prefix: string,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const answer = rangeAnswer.parse(
    await gateway.call("kv/range", range(prefix, endOfPrefix(prefix)), signal),
  );
  return {
    clusterId: answer.header.cluster_id,
    revision: answer.header.revision,
    entries: new Map(answer.kvs.map((kv) => [fromBase64(kv.key).slice(prefix.length), entryOf(kv)] as const)),
  };
}

export function watchMessage(message: unknown, prefix: string): WatchMessage {
  const { events, compact_revision, canceled, cancel_reason } = watchAnswer.parse(message);
  return {
    changes: events.map(({ type, kv }) => ({
      key: fromBase64(kv.key).slice(prefix.length),
      revision: kv.mod_revision,
      entry: type === "DELETE" ? undefined : entryOf(kv),
    })),
    compacted: compact_revision > 0,
    cancelled: canceled ? cancel_reason || "no reason given" : undefined,
  };
}

/** The gateway writes 64-bit numbers as text, and leaves out what is empty. */
const revision = z.coerce.number().int().default(0);

const keyValue = z.object({
  key: z.string(),
  value: z.string().default(""),
  create_revision: revision,
  mod_revision: revision,
});

const rangeAnswer = z.object({
  header: z.object({ cluster_id: z.string(), revision }),
  kvs: z.array(keyValue).default([]),
});

const watchAnswer = z.object({
  events: z.array(z.object({ type: z.string().default("PUT"), kv: keyValue })).default([]),
  compact_revision: revision,
  canceled: z.boolean().default(false),
  cancel_reason: z.string().default(""),
});

function entryOf(kv: z.output<typeof keyValue>): Entry {
  return { value: fromBase64(kv.value), createRevision: kv.create_revision, modRevision: kv.mod_revision };
}
