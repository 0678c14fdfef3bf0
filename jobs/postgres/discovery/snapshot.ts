import { z } from "zod";
import { type EtcdGateway, endOfPrefix, fromBase64, range } from "../etcd";

/** One key in etcd. */
export interface Entry {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** The keys under a prefix at one revision, without the prefix. */
export interface Snapshot {
  readonly clusterId: string;
  readonly revision: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A key that was written, or deleted where there is no entry. */
interface Change {
  readonly key: string;
  readonly revision: number;
  readonly entry: Entry | undefined;
}

/** One watch response: the changes of whole revisions, in order. */
interface WatchMessage {
  readonly changes: readonly Change[];
  /** The requested history was compacted: everything must be read again. */
  readonly compacted: boolean;
  /** Why etcd ended the watch. */
  readonly cancelled: string | undefined;
}

/** Applies the changes; those already contained in the snapshot are skipped. */
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

/** The revision of the newest change visible in a snapshot; deletions leave no trace in it. */
export function newestChange({ entries }: Snapshot): number {
  return Math.max(0, ...[...entries.values()].map(({ modRevision }) => modRevision));
}

/** Reads all keys under the prefix with a quorum: the result is at least as new as the request. */
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

/** The gateway encodes 64-bit numbers as strings, and omits empty values. */
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
