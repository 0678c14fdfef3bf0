import type { Context, Database } from "../../shared";
import { OPEN_BATCH } from "../model";
import { type Changes, lockAgainstWriters } from "./merge";
import type { SourceRead } from "./source";
import { type Copied, dropStaged, readRows, stageDataset } from "./staging";
import type { DatasetTables } from "./tables";

/**
 * What the open rows of a merge table are a copy of. A run that reads the same bytes by the same statement has nothing
 * to compare, and one that expects them has nothing to write.
 */
export interface Copy extends Copied {
  /** Digest of the statement that read the rows. Undefined: they are always compared. */
  readonly statement?: string;
  /** The source's counters when the rows were read; see source.ts. */
  readonly activity?: string;
  /** The batch that last compared the columns of all rows with the merged rows, or loaded them. */
  readonly compared: number;
}

/** The copy that the rows make once they are merged by the batch that compares them. */
export const copyOf = (
  { statement, activity }: Pick<SourceRead, "statement" | "activity">,
  { rows, digest }: Copied,
  compared: number,
): Copy => ({
  rows,
  digest,
  compared,
  ...(statement === undefined ? {} : { statement }),
  ...(activity === undefined ? {} : { activity }),
});

/**
 * The copy, if a run may rely on it: it was read by the same statement, and was compared within the given hours. A table
 * that somebody else changed is compared again, at the latest after these hours.
 */
export async function reliable(
  batches: { hoursSince(batch: number): Promise<number | undefined> },
  copy: Copy | undefined,
  { statement }: SourceRead,
  hours: number,
): Promise<Copy | undefined> {
  if (!copy || statement === undefined || copy.statement !== statement) return undefined;
  const age = await batches.hoursSince(copy.compared);
  return age === undefined || age < 0 || age >= hours ? undefined : copy;
}

/** Whether the merge table has as many open rows as the copy. */
async function isWhole(merge: Database, tables: DatasetTables, copy: Copy): Promise<boolean> {
  const open = tables.forensic ? `WHERE ds_surf_batch_out = ${OPEN_BATCH}` : "";
  const { rows } = await merge.query<{ count: string }>(`SELECT count(*) FROM ${tables.merge} ${open}`);
  return Number(rows[0]?.count) === copy.rows;
}

/** The changes of a dataset whose rows are the merged ones; locked, like every table of a batch, until its commit. */
export async function noChanges(merge: Database, tables: DatasetTables, rows: number): Promise<Changes> {
  await lockAgainstWriters(merge, tables);
  return {
    tables,
    table: "",
    open: rows,
    total: rows,
    keysNew: 0,
    updated: 0,
    deleted: 0,
    first: false,
  };
}

/** The copies without those whose merge tables kept rows that the source lacks: the next run must find these. */
export function withoutKept(
  copies: Readonly<Record<string, Copy>>,
  changes: readonly Changes[],
): Record<string, Copy> {
  const kept = changes.filter(({ deleted }) => deleted > 0).map(({ tables }) => tables.dataset.name);
  return Object.fromEntries(Object.entries(copies).filter(([name]) => !kept.includes(name)));
}

interface Taken {
  readonly copy: Copy;
  /** Whether the rows are the merged ones. */
  readonly isSame: boolean;
  readonly isStaged: boolean;
}

/**
 * Stages the rows of a dataset, unless they are the merged ones. Where the source's counters are those of the last batch,
 * the rows are read without being written; if they differ after all, they are read a second time.
 */
export async function takeRows(
  source: Database,
  merge: Database,
  { read, batch, merged }: { read: SourceRead; batch: number; merged: Copy | undefined },
  context: Pick<Context, "progress" | "signal">,
): Promise<Taken> {
  const { tables } = read;
  if (
    merged?.activity !== undefined &&
    merged.activity === read.activity &&
    (await isWhole(merge, tables, merged))
  ) {
    const found = await readRows(source, read, context);
    if (found.digest === merged.digest) {
      await dropStaged(merge, tables, batch); // an earlier run of this batch may have staged other rows
      return { copy: copyOf(read, found, merged.compared), isSame: true, isStaged: false };
    }
  }
  const staged = await stageDataset(source, merge, read, batch, context);
  const same =
    staged.digest === merged?.digest && (await isWhole(merge, tables, merged)) ? merged : undefined;
  return {
    copy: copyOf(read, staged, same?.compared ?? batch),
    isSame: same !== undefined,
    isStaged: true,
  };
}
