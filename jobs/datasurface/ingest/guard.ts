import { type Database, JobError, listProblems, sha256Of } from "../../shared";
import type { AnyStore } from "../model";
import { type Changes, digestOfDeletions } from "./merge";

/** How a run may treat deletions. */
export interface DeletionPolicy {
  /** The approval that a held batch has shown: the number of deletions, and the digest of the rows. */
  readonly approved: string | undefined;
  /** Merge new and changed rows, and keep rows that the source no longer has. */
  readonly additionsOnly: boolean;
}

/** The merge would delete more than the model allows for one batch; a person must decide. */
export class DeletionsHeld extends JobError {
  constructor(
    readonly deletes: number,
    readonly approval: string,
    message: string,
  ) {
    super(message);
  }
}

type Guarded = Pick<AnyStore, "name" | "deletions">;

/** Stops a batch that would delete too much, unless exactly these rows were approved. */
export async function guardDeletions(
  merge: Database,
  store: Guarded,
  changes: readonly Changes[],
  policy: DeletionPolicy,
): Promise<void> {
  if (policy.additionsOnly) return;
  const held = changes.flatMap((each) => {
    const reason = tooMuch(store, each);
    return reason === undefined ? [] : [{ changes: each, reason }];
  });
  if (held.length === 0) return;
  const deletes = held.reduce((sum, each) => sum + each.changes.deleted, 0);
  const digests: string[] = [];
  for (const each of held) digests.push(await digestOfDeletions(merge, each.changes));
  const approval = `${deletes}-${sha256Of(JSON.stringify(digests)).slice(0, 16)}`;
  if (policy.approved === approval) return;
  const headline =
    policy.approved === undefined
      ? `the batch would delete more than ${store.name} allows, nothing was merged:`
      : `the deletions ${policy.approved} were approved, but it would be ${approval}, nothing was merged:`;
  throw new DeletionsHeld(
    deletes,
    approval,
    `${listProblems(
      headline,
      held.map(({ reason }) => reason),
    )}\nif the source is right: --approve-deletes ${approval}; to merge all but the deletions: --additions-only; ` +
      "if the source is repaired: run again, it is read anew",
  );
}

function tooMuch({ deletions }: Guarded, { tables, open, total, deleted }: Changes): string | undefined {
  const { name } = tables.dataset;
  const what = `${name}: ${deleted} of ${open} open rows would be deleted`;
  if (deleted === 0) return undefined;
  if (total === 0) return deletions.allowEmpty ? undefined : `${what}: the source table is empty`;
  if (deletions.maxRows !== undefined && deleted > deletions.maxRows)
    return `${what}, allowed are ${deletions.maxRows}`;
  if (deleted > deletions.maxShare * open)
    return `${what}, allowed are ${Math.round(deletions.maxShare * 100)}%`;
  return undefined;
}
