import type { Database } from "../../shared";
import { isDerived } from "../model";
import type { Batch } from "./batches";
import { derivedFrom, type SnapshotArgs } from "./snapshot-of";
import { currentDefinition, type SourceSnapshot } from "./source";
import { isStaged } from "./staging";
import type { DatasetTables } from "./tables";

type Staged = Pick<SnapshotArgs, "stream" | "tables" | "config">;

/** Whether the staged rows of a batch are complete and do not belong to a held batch without a decision. */
export async function areUsable(merge: Database, batch: Batch, args: Staged): Promise<boolean> {
  if (batch.status !== "ingested") return false;
  const { held, lineage } = batch.state.job_state;
  const { stream, tables, config } = args;
  const decided = config.approved !== undefined || config.additionsOnly;
  if (held && !decided) return false;
  const { store } = stream;
  // Rows that were staged under another mask or key may hold in clear what is masked now.
  if (isDerived(store) && lineage?.definition !== currentDefinition(derivedFrom(store, args))) return false;
  return areStaged(merge, batch, tables, args);
}

/**
 * The datasets of a half-staged batch that can be kept: all that are staged if the source still shows exactly these
 * rows, otherwise none. A batch never mixes two states of the source.
 */
export async function keptOf(
  merge: Database,
  batch: Batch,
  snapshot: SourceSnapshot,
  args: Staged,
): Promise<readonly string[]> {
  const { job_state } = batch.state;
  const names = Object.keys(job_state.staged);
  if (batch.status !== "started" || names.length === 0) return [];
  if (snapshot.identity === undefined || snapshot.identity !== job_state.snapshot) return [];
  const staged = args.tables.filter(({ dataset }) => names.includes(dataset.name));
  return (await areStaged(merge, batch, staged, args)) ? names : [];
}

async function areStaged(
  merge: Database,
  batch: Batch,
  datasets: readonly DatasetTables[],
  { config }: Pick<Staged, "config">,
): Promise<boolean> {
  const { same, staged } = batch.state.job_state;
  for (const tables of datasets) {
    const { name } = tables.dataset;
    if (same?.includes(name)) {
      if (config.fullComparisonHours === 0) return false;
      continue;
    }
    const rows = staged[name];
    if (rows === undefined || !(await isStaged(merge, tables, batch.id, rows))) return false;
  }
  return true;
}
