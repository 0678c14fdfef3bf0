import { JobError, type StoredVersion } from "../../shared";
import { type CopyRecord, compareKeys, recordOf } from "./records";

/** One object: what the source has of it, and what the copy has. */
export interface Counterparts {
  readonly key: string;
  /** Newest first. */
  readonly versions: readonly StoredVersion[];
  /** Oldest first. */
  readonly records: readonly CopyRecord[];
}

/**
 * Compares the two listings, which are both in the order of the keys: of all objects, only those of one page are in
 * memory.
 */
export async function* walk(
  source: AsyncIterable<StoredVersion>,
  copy: AsyncIterable<StoredVersion>,
): AsyncGenerator<Counterparts, void, undefined> {
  const versions = groups(source, ({ key }) => key, "source")[Symbol.asyncIterator]();
  const records = groups(recordsIn(copy), ({ key }) => key, "off-site copy")[Symbol.asyncIterator]();
  try {
    let [left, right] = [await versions.next(), await records.next()];
    while (!left.done || !right.done) {
      const order = left.done ? 1 : right.done ? -1 : compareKeys(left.value.key, right.value.key);
      const here = order <= 0 && !left.done ? left.value : undefined;
      const there = order >= 0 && !right.done ? right.value : undefined;
      yield {
        key: here?.key ?? there?.key ?? "",
        versions: here?.members ?? [],
        records: (there?.members ?? []).toSorted((a, b) => (a.seen < b.seen ? -1 : 1)),
      };
      if (here) left = await versions.next();
      if (there) right = await records.next();
    }
  } finally {
    await versions.return?.(undefined);
    await records.return?.(undefined);
  }
}

/** The copy's records by object, in the order of the keys. */
export async function* recordGroups(copy: AsyncIterable<StoredVersion>): AsyncGenerator<Counterparts> {
  yield* walk(nothing(), copy);
}

async function* nothing(): AsyncGenerator<StoredVersion> {}

async function* recordsIn(copy: AsyncIterable<StoredVersion>): AsyncGenerator<CopyRecord> {
  for await (const { members } of groups(copy, ({ key }) => key, "off-site copy")) {
    const record = recordOf(members);
    if (record) yield record;
  }
}

async function* groups<Member>(
  listed: AsyncIterable<Member>,
  keyOf: (member: Member) => string,
  where: string,
): AsyncGenerator<{ readonly key: string; readonly members: Member[] }, undefined, undefined> {
  let group: { readonly key: string; readonly members: Member[] } | undefined;
  for await (const member of listed) {
    const key = keyOf(member);
    if (group?.key === key) {
      group.members.push(member);
      continue;
    }
    if (group && compareKeys(group.key, key) >= 0) {
      throw new JobError(
        `the listing of the ${where} is not in the order of its keys: ${key} comes after ${group.key}; nothing was compared beyond`,
      );
    }
    if (group) yield group;
    group = { key, members: [member] };
  }
  if (group) yield group;
}
