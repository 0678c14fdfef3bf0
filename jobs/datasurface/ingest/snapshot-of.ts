import type { Context, Database } from "../../shared";
import { type DerivedStore, followsChanges, isDerived, type Stream } from "../model";
import { beginChanges, leaveChanges } from "./changes";
import type { ChangesState } from "./changes-state";
import type { IngestConfig } from "./ingest-config";
import { type Lineage, openDerived, openSnapshot, type SourceSnapshot } from "./source";
import type { DatasetTables } from "./tables";

export interface SnapshotArgs {
  readonly stream: Stream;
  readonly tables: readonly DatasetTables[];
  readonly config: IngestConfig;
  readonly context: Pick<Context, "log" | "signal">;
  /** What the last committed batch was made from. Undefined for rows of a source database. */
  readonly former: Lineage | undefined;
  /** Where the changes after the last committed batch are found. Undefined for a store that is read by snapshots alone. */
  readonly followed: ChangesState | undefined;
}

/** Opens the snapshot that a run reads, by the kind of its store; undefined where a transformer has nothing to read yet. */
export async function snapshotOf(source: Database, args: SnapshotArgs): Promise<SourceSnapshot | undefined> {
  const { stream, tables, config, context, followed } = args;
  const { store } = stream;
  const { log, signal } = context;
  const waiting = { lockWaitSeconds: config.lockWaitSeconds, log };
  if (isDerived(store)) return derivedSnapshot(source, store, args);
  if (followsChanges(store)) {
    const { source: address, merge } = config;
    const former = followed;
    return beginChanges(source, {
      ...waiting,
      ...{ stream, store, datasets: tables, source: address, merge, former, signal },
    });
  }
  if (followed) await leaveChanges(source, stream, config, log);
  return openSnapshot(source, store, tables, waiting);
}

async function derivedSnapshot(
  source: Database,
  store: DerivedStore,
  args: SnapshotArgs,
): Promise<SourceSnapshot | undefined> {
  const { stream, config, context, former } = args;
  const { lockWaitSeconds } = config;
  const snapshot = await openDerived(source, derivedFrom(store, args), { lockWaitSeconds, log: context.log });
  const { from } = store.capture;
  if (!snapshot)
    context.log.warn(`${from.name} has no committed batch on ${stream.platform.name} yet: nothing to do`);
  else if (former && former.definition !== snapshot.lineage?.definition)
    context.log.warn(
      `${store.name} has another mask or key than its last batch had: the values of its rows change`,
    );
  return snapshot;
}

/** What a transformer's rows are made from. */
export const derivedFrom = (
  store: DerivedStore,
  { stream, tables, config }: Pick<SnapshotArgs, "stream" | "tables" | "config">,
) => ({ platform: stream.platform, store, datasets: tables, maskKey: config.maskKey });
