import type { StoredVersion } from "../../shared";
import { identityOf } from "./records";
import type { Counterparts } from "./walk";

/** What the copy lacks of one object. */
export interface Plan {
  /** Versions to copy, oldest first. */
  readonly copies: readonly StoredVersion[];
  /** Whether the object is gone at the source, and the copy does not have its deletion yet. */
  readonly deletion: boolean;
  /** Whether the copy's newest record is content: the object is held as one that exists. */
  readonly held: boolean;
}

/**
 * Compares one object. The newest record is always what the source has now, also where a deletion was undone at the
 * source, or where somebody else has added a record: otherwise the current content would be pruned one day.
 *
 * A replaced version that is older than the copy keeps such versions is not copied: it would be pruned at once.
 */
export function planOf({ versions, records }: Omit<Counterparts, "key">, keptSince: Date): Plan {
  const current = versions.find(({ latest, deleted }) => latest && !deleted);
  const known = new Set(records.flatMap(({ id }) => id ?? []));
  const copies = versions
    .filter((version, index) => {
      const successor = versions[index - 1];
      const isKept = version === current || (successor !== undefined && successor.modified > keptSince);
      return !version.deleted && isKept && !known.has(identityOf(version));
    })
    .reverse();
  const newest = records.at(-1);
  const [last] = copies.slice(-1);
  const isCurrent =
    current === undefined ||
    (last ? last === current : newest !== undefined && newest.id === identityOf(current));
  return {
    copies: isCurrent || current === undefined ? copies : [...copies, current],
    deletion: current === undefined && (last !== undefined || newest?.id !== undefined),
    held: newest?.id !== undefined,
  };
}
