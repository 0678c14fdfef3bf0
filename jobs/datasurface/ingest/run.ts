import { randomUUID } from "node:crypto";
import { type Context, type Database, inSpan, type Outcome, sqlState } from "../../shared";
import { followsChanges, type Model, type Store, type Stream } from "../model";
import { applyAll } from "./apply-all";
import { type Batch, BatchLedger, requireSameSchema, withNothingTaken } from "./batches";
import { followChanges, refuseAdditionsOnly, snapshotReason } from "./changes";
import { type ChangesState, SnapshotNeeded } from "./changes-state";
import { judgeTables } from "./compatibility";
import { allNew, type Counts, reportCounts, sum } from "./counts";
import { areEmpty, loadIntoEmpty } from "./first-load";
import { DeletionsHeld, guardDeletions } from "./guard";
import type { IngestConfig } from "./ingest-config";
import { type Lane, shareOut, withLanes } from "./lanes";
import { allowMemory, DuplicateKeys, duplicates, findChanges } from "./merge";
import { needsReconciling, reconcile } from "./reconcile";
import { RunSessions } from "./run-sessions";
import { type SnapshotArgs, snapshotOf } from "./snapshot-of";
import { type Lineage, LOCK_TIMEOUT, lockRefusal, type SourceRead, type SourceSnapshot } from "./source";
import { areUsable, keptOf } from "./staged-rows";
import { trimStaging } from "./staging";
import { type DatasetTables, tablesOf } from "./tables";
import { type Copy, copyOf, noChanges, reliable, takeRows, withoutKept } from "./unchanged";

/** One run on the open batch of a stream, or on a new one: from reading its rows to its commit. */
export class Run {
  private readonly batches: BatchLedger;
  private readonly tables: readonly DatasetTables[];
  private readonly deadline: number;
  private readonly sessions: RunSessions;
  /** What the last committed batch was made from. Undefined for rows of a source database. */
  private former: Lineage | undefined;
  /** Where the changes after the last committed batch are found. Undefined for a store that is read by snapshots alone. */
  private followed: ChangesState | undefined;
  /** What the open rows of each dataset are a copy of. */
  private copies: Readonly<Record<string, Copy>> = {};
  /** What the run is doing, for errors. */
  private step = "before the first step";

  constructor(
    private readonly stream: Stream,
    private readonly model: Model,
    private readonly config: IngestConfig,
    private readonly merge: Database,
    private readonly context: Context,
  ) {
    this.batches = new BatchLedger(merge, stream, randomUUID());
    this.tables = stream.datasets.map((dataset) => ({
      ...tablesOf(stream.platform, stream.store, dataset),
      showValues: config.showValues,
    }));
    this.sessions = new RunSessions(stream, config, context);
    this.deadline = performance.now() + (config.maxSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  }

  async go(): Promise<Outcome> {
    try {
      await this.sessions.limitMerge(this.merge);
      return await this.oneBatch();
    } catch (error) {
      throw await this.explained(error);
    }
  }

  private async explained(error: unknown): Promise<unknown> {
    this.context.signal.throwIfAborted();
    if (sqlState(error) !== LOCK_TIMEOUT) return this.sessions.explain(error, this.step);
    const where = `${this.sessions.originOf(error)}, ${this.step}`;
    return lockRefusal(this.merge, this.stream, where, this.config.lockWaitSeconds, error);
  }

  private async oneBatch(): Promise<Outcome> {
    this.step = "comparing the tables with the model";
    const newest = await this.batches.newest();
    let open = newest?.status === "committed" ? undefined : newest;
    const committed = open ? await this.batches.committed() : newest;
    this.former = committed?.state.job_state.lineage;
    this.followed = committed?.state.job_state.changes;
    this.copies = committed?.state.job_state.copies ?? {};
    if (open) requireSameSchema(this.stream, open);
    const migrations = await judgeTables(this.merge, this.stream, committed);
    const prepare = async () => {
      if (needsReconciling(migrations)) {
        const done = await reconcile(this.merge, this.model, this.stream, committed);
        for (const what of done) this.context.log.info(what);
      }
      return this.openBatch(open);
    };

    const isStaged = open !== undefined && (await areUsable(this.merge, open, this.parts));
    const { store } = this.stream;
    if (followsChanges(store)) {
      refuseAdditionsOnly(store, this.config);
      if (committed && this.followed && !isStaged) {
        const reason = snapshotReason(this.stream, committed, this.config, needsReconciling(migrations));
        const outcome = await this.follow(store, { committed, state: this.followed, open, reason });
        if (outcome) return outcome;
        open = await this.batches.newest().then((now) => (now?.status === "committed" ? undefined : now));
      }
    }
    const staged = isStaged ? await prepare() : await this.read(prepare);
    if (staged === "committed" || staged === "nothing") return "done";
    if (staged === "again" || this.isLate(!isStaged)) return "again";
    await this.mergeBatch(staged);
    return "done";
  }

  /** Follows the source's changes; undefined where its rows must be read in whole, which the log then explains. */
  private async follow(
    store: Store,
    from: {
      readonly committed: Batch;
      readonly state: ChangesState;
      readonly open: Batch | undefined;
      readonly reason: string | undefined;
    },
  ): Promise<Outcome | undefined> {
    const { stream, config, context, batches, tables, merge } = this;
    try {
      if (from.reason !== undefined) throw new SnapshotNeeded(from.reason);
      return await this.sessions.withSource(async (source) =>
        followChanges(source, merge, {
          ...{ stream, store, datasets: tables, batches, config, context },
          ...{ state: from.state, open: from.open },
          rows: await batches.rowsOf(from.committed.id),
          openBatch: () => this.openBatch(from.open),
          step: this.tell,
        }),
      );
    } catch (error) {
      if (!(error instanceof SnapshotNeeded)) throw error;
      context.log.info(`${store.name} is read in whole: ${error.message}`);
      return undefined;
    }
  }

  /** Continues the batch that an earlier run left open, or starts the next one. */
  private async openBatch(open: Batch | undefined): Promise<Batch> {
    if (open) {
      this.context.log.info({ batch: open.id, status: open.status }, `continuing batch ${open.id}`);
      return this.batches.claim(open);
    }
    const keep = this.stream.platform.stagingBatchesToKeep;
    return this.batches.begin(async (id) => {
      for (const tables of this.tables) await trimStaging(this.merge, tables, keep < 0 ? id : id - keep);
    });
  }

  /**
   * Reads all datasets from one snapshot of the source: directly into empty merge tables, otherwise into staging. The
   * source is judged before `prepare` makes or changes a table, so that a mistake in a model leaves nothing behind.
   */
  private async read(prepare: () => Promise<Batch>): Promise<Batch | "again" | "committed" | "nothing"> {
    return this.sessions.withSource(async (source) => {
      this.step = `checking the source tables of ${this.names()}`;
      const snapshot = await inSpan("check source", {}, () => snapshotOf(source, this.parts));
      if (!snapshot) return "nothing";
      this.step = "beginning the batch";
      const batch = await prepare();
      const direct = this.config.maxSeconds === undefined && (await areEmpty(this.merge, this.tables));
      if (direct && (await this.loadFirst(source, snapshot, batch))) return "committed";
      return this.stage(source, snapshot, batch);
    });
  }

  /** Where the rows come from. Columns that were ever copied in clear stay named, because history still shows them. */
  private lineage({ lineage, changes }: SourceSnapshot): { lineage?: Lineage; changes?: ChangesState } {
    return {
      ...(lineage && { lineage: { ...lineage, clear: { ...this.former?.clear, ...lineage.clear } } }),
      ...(changes && { changes }),
    };
  }

  /**
   * Loads all datasets for the first time in one transaction. Returns false for duplicate keys, which staging can name.
   */
  private async loadFirst(source: Database, snapshot: SourceSnapshot, batch: Batch): Promise<boolean> {
    const started = performance.now();
    try {
      const counts = await this.batches.change(batch, async () => {
        await allowMemory(this.merge, this.config.joinMemoryMb);
        const counts: Record<string, Counts> = {};
        const copies: Record<string, Copy> = {};
        for (const read of snapshot.reads) {
          const { name } = read.tables.dataset;
          this.step = `copying ${name}`;
          const copied = await inSpan(`load ${name}`, { "trellis.batch": batch.id }, () =>
            loadIntoEmpty(source, this.merge, read, batch.id, this.context),
          );
          counts[name] = allNew(copied.rows);
          copies[name] = copyOf(read, copied, batch.id);
        }
        const staged = Object.fromEntries(
          Object.entries(counts).map(([name, each]) => [name, each.total_records]),
        );
        const { held: _, ...kept } = batch.state.job_state;
        const state = {
          ...batch.state,
          current_dataset_index: snapshot.reads.length,
          job_state: { ...kept, staged, copies, same: [], ...this.lineage(snapshot) },
        };
        await this.batches.commit({ ...batch, state }, sum(Object.values(counts)), counts);
        return counts;
      });
      reportCounts(this.context.log, batch.id, counts, started);
      return true;
    } catch (error) {
      if (sqlState(error) !== "23505") throw error;
      return false;
    }
  }

  /** Stages the datasets that are not staged yet, several at once. */
  private async stage(source: Database, snapshot: SourceSnapshot, open: Batch): Promise<Batch | "again"> {
    const kept = await keptOf(this.merge, open, snapshot, this.parts);
    const reads = snapshot.reads.filter(({ tables }) => !kept.includes(tables.dataset.name));
    const hadTaken = open.state.current_dataset_index > 0;
    const batch =
      kept.length === 0 && hadTaken
        ? await this.batches.change(open, () => this.batches.save(withNothingTaken(open)))
        : open;
    let progressed = false;
    // A newer snapshot invalidated the rows that an earlier run staged. This run does not stop early; otherwise no run
    // would ever finish.
    const goesOn = () => (kept.length === 0 && hadTaken) || !this.isLate(progressed);

    await withLanes(
      {
        first: { source, merge: this.merge, batches: this.batches },
        snapshot,
        most: Math.min(this.config.datasetsAtOnce, reads.length),
        open: () => this.sessions.openBoth(),
        context: this.context,
      },
      (lanes) =>
        shareOut(
          lanes,
          reads,
          goesOn,
          async (lane, read, stop) => {
            await inSpan(`stage ${read.tables.dataset.name}`, { "trellis.batch": batch.id }, () =>
              this.stageOne(lane, read, { snapshot, batch, stop }),
            );
            progressed = true;
          },
          ({ tables }) => {
            this.step = `copying ${tables.dataset.name}`;
          },
        ),
    );
    const now = await this.batches.newest();
    if (now?.id !== batch.id) throw new Error(`batch ${batch.id} is no longer the newest`);
    return now.state.current_dataset_index === this.tables.length ? now : "again";
  }

  private async stageOne(
    { source, merge, batches }: Lane,
    read: SourceRead,
    { snapshot, batch, stop }: { snapshot: SourceSnapshot; batch: Batch; stop: AbortSignal },
  ): Promise<void> {
    const { name } = read.tables.dataset;
    this.step = `copying ${name}`;
    const started = performance.now();
    const context = { ...this.context, signal: AbortSignal.any([this.context.signal, stop]) };
    const merged = await reliable(batches, this.copies[name], read, this.config.fullComparisonHours);
    const { copy, isSame, isStaged } = await batches.changeBeside(batch, async () => {
      const taken = await takeRows(source, merge, { read, batch: batch.id, merged }, context);
      await batches.saveTaken(batch, {
        name,
        ...taken,
        snapshot: snapshot.identity,
        ...this.lineage(snapshot),
      });
      return taken;
    });
    const { rows } = copy;
    const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
    const what = `${isStaged ? "staged" : "read"} ${name}: ${rows} rows${isSame ? ", as merged already" : ""}`;
    this.context.log.info({ batch: batch.id, dataset: name, rows, seconds }, what);
  }

  /** Merges all datasets and commits the batch, in one transaction. */
  private async mergeBatch(batch: Batch): Promise<void> {
    const started = performance.now();
    try {
      const counts = await this.batches.change(batch, () => this.mergeAll(batch));
      reportCounts(this.context.log, batch.id, counts, started);
    } catch (error) {
      if (error instanceof DeletionsHeld) await this.hold(batch, error);
      if (!(error instanceof DuplicateKeys)) throw error;
      const named = await duplicates(this.merge, error.tables, batch.id);
      await this.stageAgain(batch);
      throw named;
    }
  }

  private async mergeAll(batch: Batch): Promise<Record<string, Counts>> {
    await allowMemory(this.merge, this.config.joinMemoryMb);
    const changes = [];
    const { staged, same = [], copies = {} } = batch.state.job_state;
    for (const tables of this.tables) {
      const { name } = tables.dataset;
      const rows = staged[name];
      if (rows === undefined) throw new Error(`${name} is not staged`);
      this.step = `finding the changes of ${name}`;
      changes.push(
        same.includes(name)
          ? await noChanges(this.merge, tables, rows)
          : await inSpan(`find changes of ${name}`, { "trellis.batch": batch.id }, () =>
              findChanges(this.merge, tables, batch.id, rows),
            ),
      );
    }
    await guardDeletions(this.merge, this.stream.store, changes, this.config);

    const counts = await applyAll(this.merge, changes, {
      batch: batch.id,
      keepDeleted: this.config.additionsOnly,
      keepsStaging: this.stream.platform.stagingBatchesToKeep >= 0,
      step: this.tell,
    });
    const exact = this.config.additionsOnly ? withoutKept(copies, changes) : copies;
    const state = { ...batch.state, job_state: { ...batch.state.job_state, copies: exact } };
    await this.batches.commit({ ...batch, state }, sum(Object.values(counts)), counts);
    return counts;
  }

  /** Records that the batch waits for a decision, so that a run without one reads the source again. */
  private async hold(batch: Batch, { deletes, approval }: DeletionsHeld): Promise<void> {
    const state = { ...batch.state, job_state: { ...batch.state.job_state, held: { deletes, approval } } };
    await this.batches.change(batch, () => this.batches.save({ ...batch, state }));
  }

  /** Discards the staged rows, so that the next run reads a source that may have been fixed. */
  private async stageAgain(batch: Batch): Promise<void> {
    const fresh = this.batches.freshState();
    await this.batches.change(batch, () => this.batches.save({ ...batch, status: "started", state: fresh }));
  }

  private readonly tell = (what: string) => {
    this.step = what;
  };

  private get parts(): SnapshotArgs {
    const { stream, tables, config, context, former, followed } = this;
    return { stream, tables, config, context, former, followed };
  }

  private names(): string {
    return this.tables.map(({ dataset }) => dataset.name).join(", ");
  }

  /** Whether to stop here and be run again; never before this run has made progress. */
  private isLate(progressed: boolean): boolean {
    this.context.signal.throwIfAborted();
    return progressed && performance.now() >= this.deadline;
  }
}
