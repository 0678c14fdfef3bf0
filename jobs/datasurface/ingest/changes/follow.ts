import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  listProblems,
  type Outcome,
} from "../../../shared";
import type { Store, Stream } from "../../model";
import { applyAll } from "../apply-all";
import type { Batch, BatchLedger } from "../batches";
import { type ChangesState, type FollowedTable, SnapshotNeeded } from "../changes-state";
import { reportCounts, sum } from "../counts";
import { DeletionsHeld, guardDeletions } from "../guard";
import { allowMemory, type Changes } from "../merge";
import { dropStaged } from "../staging";
import type { DatasetTables } from "../tables";
import { noChanges } from "../unchanged";
import { ChangeLog } from "./change-log";
import { type Decoded, decode } from "./decode";
import { judgeSource } from "./followed-tables";
import { parseLsn, renderLsn } from "./lsn";
import { netChanges } from "./net-changes";
import { publicationVersion } from "./publication";
import {
  advanceSlot,
  dropSlot,
  judgeHistory,
  judgeSlot,
  openReplication,
  positionOf,
  slotNames,
} from "./slot";

export interface Following {
  readonly stream: Stream;
  readonly store: Store;
  readonly datasets: readonly DatasetTables[];
  readonly batches: BatchLedger;
  /** Where the last committed batch ended, and the number of its rows by dataset. */
  readonly state: ChangesState;
  readonly rows: Readonly<Record<string, number>>;
  /** The batch that an earlier run left open. */
  readonly open: Batch | undefined;
  readonly openBatch: () => Promise<Batch>;
  readonly config: {
    readonly source: DatabaseAddress;
    readonly merge: DatabaseAddress;
    readonly approved: string | undefined;
    readonly lockWaitSeconds: number;
    readonly joinMemoryMb: number;
    readonly changesPerBatch: number;
  };
  readonly context: Pick<Context, "log" | "signal" | "progress">;
  /** Tells what the run does, for its errors. */
  readonly step: (what: string) => void;
}

/** One batch of the changes since the last one. The position up to which the source is merged is committed with the rows. */
export async function followChanges(
  source: Database,
  merge: Database,
  following: Following,
): Promise<Outcome> {
  const { stream, state, batches, config, context } = following;
  following.step(`checking the slot ${state.slot}`);
  const lag = await judgeSlot(source, stream, state);
  if (lag.endangered) {
    context.log.warn(
      { slot: state.slot, retainedBytes: lag.retainedBytes },
      `the slot ${state.slot} is about to be lost: the source keeps more of its log for it than max_slot_wal_keep_size`,
    );
  }
  const tables = await judgeTables(source, following);
  const { flushed, ...cluster } = await positionOf(source);
  const replication = () =>
    openReplication(
      config.source,
      `datasurface ${stream.platform.name} ${stream.key} history`,
      context.signal,
    );
  await judgeHistory(replication, stream, state, { ...cluster, flushed });
  const [one, other] = slotNames(stream, config.merge);
  await dropSlot(source, state.slot === one ? other : one, config.lockWaitSeconds);
  await advanceSlot(source, state.slot, parseLsn(state.lsn), config.lockWaitSeconds);

  following.step("beginning the batch");
  const held = following.open?.state.job_state.held;
  const isDecided = config.approved !== undefined && held?.upTo !== undefined;
  const upTo = isDecided ? parseLsn(held.upTo) : flushed;
  const batch = await following.openBatch();
  const started = performance.now();
  try {
    const done = await batches.change(batch, async () => {
      const { decoded, logs } = await readChanges(source, merge, following, upTo);
      const followed = filesOf(state, tables, logs, decoded);
      const changes: Changes[] = [];
      await allowMemory(merge, config.joinMemoryMb);
      for (const log of logs) {
        const { name } = log.tables.dataset;
        following.step(`merging ${name}`);
        const open = following.rows[name];
        if (open === undefined) throw new Error(`the last batch does not tell how many rows ${name} has`);
        const hasAny = log.any;
        if (!hasAny) await dropStaged(merge, log.tables, batch.id);
        changes.push(
          hasAny
            ? await netChanges(merge, log, { batch: batch.id, open })
            : await noChanges(merge, log.tables, open),
        );
      }
      await guardDeletions(merge, stream.store, changes, { approved: config.approved, additionsOnly: false });
      const counts = await applyAll(merge, changes, {
        batch: batch.id,
        keepDeleted: false,
        keepsStaging: stream.platform.stagingBatchesToKeep >= 0,
        step: following.step,
      });
      const { behindBytes, retainedBytes } = lag;
      const next: ChangesState = {
        ...state,
        ...cluster,
        lsn: renderLsn(decoded.lsn),
        tables: followed,
        behindBytes,
        retainedBytes,
      };
      const fresh = batches.freshState();
      const committed = {
        ...fresh,
        current_dataset_index: logs.length,
        job_state: { ...fresh.job_state, changes: next },
      };
      await batches.commit({ ...batch, state: committed }, sum(Object.values(counts)), counts);
      return { decoded, counts };
    });
    reportCounts(context.log, batch.id, done.counts, started);
    const { changes, lsn, isPart } = done.decoded;
    context.log.info(
      { batch: batch.id, changes, lsn: renderLsn(lsn) },
      `followed the source to ${renderLsn(lsn)}`,
    );
    await release(source, following, lsn);
    return isPart ? "again" : "done";
  } catch (error) {
    if (error instanceof DeletionsHeld) await hold(batches, batch, error, upTo);
    throw error;
  }
}

/** The tables as they are now. Another shape than that of the merged rows needs another snapshot. */
async function judgeTables(
  source: Database,
  { store, datasets, state }: Following,
): Promise<Readonly<Record<string, FollowedTable>>> {
  const { tables, problems } = await judgeSource(source, store, datasets);
  if (problems.length > 0) {
    throw new JobError(
      listProblems(
        `the changes of the source of ${store.name} cannot be followed any longer, nothing was merged:`,
        problems,
      ),
    );
  }
  for (const { dataset } of datasets) {
    const [then, now] = [state.tables[dataset.name], tables[dataset.name]];
    if (!then || !now || shapeOf(then) !== shapeOf(now))
      throw new SnapshotNeeded(`the table of ${dataset.name} has other columns in the source than before`);
  }
  if ((await publicationVersion(source, state.publication, Object.values(tables))) !== state.published)
    throw new SnapshotNeeded(`its publication ${state.publication} was changed, and may have hidden changes`);
  return tables;
}

const shapeOf = ({ schema, table, columns }: FollowedTable) =>
  JSON.stringify([schema, table, Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1))]);

async function readChanges(
  source: Database,
  merge: Database,
  { datasets, state, config, context, step }: Following,
  upTo: bigint,
): Promise<{ decoded: Decoded; logs: readonly ChangeLog[] }> {
  step(`reading the changes of ${datasets.map(({ dataset }) => dataset.name).join(", ")}`);
  const logs: ChangeLog[] = [];
  for (const tables of datasets) {
    const followed = state.tables[tables.dataset.name];
    if (!followed) throw new Error(`the last batch does not tell the table of ${tables.dataset.name}`);
    const log = new ChangeLog(tables, followed);
    await log.create(merge);
    logs.push(log);
  }
  const shown = context.progress("changes", "rows");
  try {
    const decoded = await decode(source, merge, {
      state,
      logs,
      upTo,
      most: config.changesPerBatch,
      advance: (count) => shown.advance(count),
    });
    return { decoded, logs };
  } finally {
    shown.done();
  }
}

/**
 * The tables with the files that hold their rows now. A statement such as ALTER TABLE ... TYPE writes all rows to other files, and
 * the log shows none of them; so does a TRUNCATE, which the log shows. A batch that ends early cannot tell yet.
 */
function filesOf(
  state: ChangesState,
  now: Readonly<Record<string, FollowedTable>>,
  logs: readonly ChangeLog[],
  { isPart }: Decoded,
): Readonly<Record<string, FollowedTable>> {
  return Object.fromEntries(
    logs.flatMap(({ tables: { dataset }, truncated }) => {
      const [before, after] = [state.tables[dataset.name], now[dataset.name]];
      if (!before || !after) return [];
      if (before.files === after.files || truncated > 0) return [[dataset.name, after]];
      if (isPart) return [[dataset.name, before]];
      throw new SnapshotNeeded(
        `the table of ${dataset.name} was written anew in the source (ALTER TABLE, VACUUM FULL, a partition), which its log does not show`,
      );
    }),
  );
}

/** The batch is committed; a slot that is not advanced makes the source keep its log until the next run. */
async function release(source: Database, { state, config, context }: Following, lsn: bigint): Promise<void> {
  try {
    await advanceSlot(source, state.slot, lsn, config.lockWaitSeconds);
  } catch (error) {
    context.log.warn(
      { error: String(error) },
      `the slot ${state.slot} was not advanced; the next run advances it`,
    );
  }
}

/** The same changes are read again by the run that is told the approval, and newer ones by one that is not. */
async function hold(
  batches: BatchLedger,
  batch: Batch,
  { deletes, approval }: DeletionsHeld,
  upTo: bigint,
): Promise<void> {
  const fresh = batches.freshState();
  const held = { deletes, approval, upTo: renderLsn(upTo) };
  const state = { ...fresh, job_state: { ...fresh.job_state, held } };
  await batches.change(batch, () => batches.save({ ...batch, status: "started", state }));
}
