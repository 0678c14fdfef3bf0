import { listProblems, UserError } from "../../shared";
import type { Store } from "../model";
import type { Changes } from "./merge";

/** How a run may treat deletions. */
export interface DeletionPolicy {
  /** The number of deletions that a person has checked and approved. */
  readonly approved: number | undefined;
  /** Merge new and changed rows, and keep rows that the source no longer has. */
  readonly additionsOnly: boolean;
}

/** The merge would delete more than the model allows for one batch; a person must decide. */
export class DeletionsHeld extends UserError {
  constructor(
    readonly deletes: number,
    message: string,
  ) {
    super(message);
  }
}

/** Stops a batch that would delete too much, unless exactly this number was approved. */
export function guardDeletions(store: Store, changes: readonly Changes[], policy: DeletionPolicy): void {
  if (policy.additionsOnly) return;
  const reasons = changes.flatMap((each) => {
    const reason = tooMuch(store, each);
    return reason === undefined ? [] : [{ deletes: each.deleted, reason }];
  });
  if (reasons.length === 0) return;
  const deletes = reasons.reduce((sum, each) => sum + each.deletes, 0);
  if (policy.approved === deletes) return;
  const headline =
    policy.approved === undefined
      ? `the batch would delete more than ${store.name} allows, nothing was merged:`
      : `${policy.approved} deletions were approved, but it would be ${deletes}, nothing was merged:`;
  throw new DeletionsHeld(
    deletes,
    `${listProblems(
      headline,
      reasons.map(({ reason }) => reason),
    )}\nif the source is right: --approve-deletes ${deletes}; to merge all but the deletions: --additions-only; ` +
      "if the source is repaired: run again, it is read anew",
  );
}

function tooMuch({ deletions }: Store, { tables, open, total, deleted }: Changes): string | undefined {
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
