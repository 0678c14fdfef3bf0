import { type Database, inSpan } from "../../shared";
import type { Counts } from "./counts";
import { applyChanges, type Changes } from "./merge";
import { dropStaged } from "./staging";

interface ApplyAll {
  readonly batch: number;
  /** Keeps rows that the source no longer has. */
  readonly keepDeleted: boolean;
  /** Whether the platform keeps the rows of committed batches in staging. */
  readonly keepsStaging: boolean;
  /** Tells what the run does, for its errors. */
  readonly step: (what: string) => void;
}

/** Applies the changes of all datasets of a batch; returns the counts by dataset. */
export async function applyAll(
  merge: Database,
  changes: readonly Changes[],
  { batch, keepDeleted, keepsStaging, step }: ApplyAll,
): Promise<Record<string, Counts>> {
  const counts: Record<string, Counts> = {};
  for (const each of changes) {
    const { name } = each.tables.dataset;
    step(`merging ${name}`);
    counts[name] = await inSpan(`merge ${name}`, { "trellis.batch": batch }, () =>
      applyChanges(merge, each, batch, keepDeleted),
    );
    if (!keepsStaging) await dropStaged(merge, each.tables, batch);
  }
  return counts;
}
