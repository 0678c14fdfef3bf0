import { type Database, type DatabaseAddress, JobError, type Logger } from "../../../shared";
import { type Store, type Stream, schemaDifferences, schemaOf } from "../../model";
import type { Batch } from "../batches";
import { dropSlot, slotNames } from "./slot";

/** Why a stream of changes is read in whole; undefined where its changes continue the merged rows. */
export function snapshotReason(
  { datasets }: Stream,
  { state }: Batch,
  { fromSnapshot }: { readonly fromSnapshot?: boolean | undefined },
  areTablesToChange: boolean,
): string | undefined {
  if (fromSnapshot) return "--from-snapshot was given";
  if (areTablesToChange) return "its merge tables are made or changed";
  const then = state.job_state.schemas;
  const differs = datasets.filter((dataset) => {
    const before = then[dataset.name];
    return !before || schemaDifferences(before, schemaOf(dataset)).length > 0;
  });
  // The log has no values for rows that do not change, such as those of a column that is new in the model.
  return differs.length > 0
    ? `the model of ${differs.map(({ name }) => name).join(", ")} has changed`
    : undefined;
}

/** A row that was once kept would never be found again: the log shows each deletion once. */
export function refuseAdditionsOnly(
  { name }: Store,
  { additionsOnly }: { readonly additionsOnly: boolean },
): void {
  if (!additionsOnly) return;
  throw new JobError(
    `--additions-only: ${name} is of kind sql_changes, whose log shows each deletion once; approve the deletions, or repair the ` +
      "source and run again",
    2,
  );
}

/** Drops the slots of a store that is read by snapshots from now on, so that the source keeps no log for them. */
export async function leaveChanges(
  source: Database,
  stream: Stream,
  { merge, lockWaitSeconds }: { readonly merge: DatabaseAddress; readonly lockWaitSeconds: number },
  log: Pick<Logger, "info">,
): Promise<void> {
  for (const slot of slotNames(stream, merge)) {
    if (await dropSlot(source, slot, lockWaitSeconds))
      log.info(`dropped the slot ${slot}: ${stream.store.name} is read by snapshots from now on`);
  }
}
