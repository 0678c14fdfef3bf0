import { type Database, JobError, listProblems, transaction } from "../../shared";
import {
  type DatasetSchema,
  platformTables,
  type Stream,
  schemaDifferences,
  schemaHash,
  schemaOf,
} from "../model";
import type { ChangesState } from "./changes-state";
import type { Counts } from "./counts";
import type { Lineage } from "./source";
import { inPublic } from "./tables";
import type { Copy } from "./unchanged";

export type BatchStatus = "started" | "ingested" | "committed";

/** What a batch keeps from one run to the next, as jsonb. */
export interface BatchState {
  readonly all_datasets: readonly string[];
  readonly current_dataset_index: number;
  readonly current_offset: 0;
  readonly schema_versions: Readonly<Record<string, string>>;
  readonly job_state: {
    readonly store: string;
    readonly schemas: Readonly<Record<string, DatasetSchema>>;
    /** Number of staged rows for each dataset that is staged completely. */
    readonly staged: Readonly<Record<string, number>>;
    /** What the open rows of each dataset are a copy of once the batch is committed. Absent: must be compared. */
    readonly copies?: Readonly<Record<string, Copy>>;
    /** The datasets whose rows are the merged ones already: they may lack staged rows. */
    readonly same?: readonly string[];
    /** The state of the source that the staged rows show; see source.ts. */
    readonly snapshot?: string;
    /** What the staged rows were made from; undefined for rows of a source database. */
    readonly lineage?: Lineage;
    /** Where the changes after these rows are found. Undefined for a store that is read by snapshots alone. */
    readonly changes?: ChangesState;
    /**
     * Set while the guard against mass deletion holds the batch: what the merge would delete, and its approval. `upTo`: the position
     * of the source's log up to which the changes are.
     */
    readonly held?: { readonly deletes: number; readonly approval: string; readonly upTo?: string };
    /** The run that owns the batch. A run that finds another run's id here must stop. */
    readonly run?: string;
  };
}

export interface Batch {
  readonly id: number;
  readonly status: BatchStatus;
  readonly state: BatchState;
}

/** The batches of one stream: one run reads and updates them here. */
export class BatchLedger {
  private readonly counter: string;
  private readonly metrics: string;

  constructor(
    private readonly database: Database,
    private readonly stream: Stream,
    private readonly run: string,
  ) {
    const names = platformTables(stream.platform.name);
    this.counter = inPublic(names.counter);
    this.metrics = inPublic(names.metrics);
  }

  /** The newest batch; undefined before the first. */
  async newest(): Promise<Batch | undefined> {
    return this.select("ORDER BY batch_id DESC LIMIT 1");
  }

  /** The newest batch that is merged. */
  async committed(): Promise<Batch | undefined> {
    return this.select("AND batch_status = 'committed' ORDER BY batch_id DESC LIMIT 1");
  }

  /** Starts the next batch. `alongside` runs in the same transaction. */
  async begin(alongside: (id: number) => Promise<void>): Promise<Batch> {
    return transaction(this.database, "BEGIN", async () => {
      await this.lock();
      const last = await this.newest();
      if (last && last.status !== "committed") throw new Error(`batch ${last.id} is not committed`);
      const batch: Batch = { id: (last?.id ?? 0) + 1, status: "started", state: this.freshState() };
      await this.database.query(
        `INSERT INTO ${this.metrics} (key, batch_id, batch_status, state) VALUES ($1, $2, $3, $4)`,
        [this.stream.key, batch.id, batch.status, batch.state],
      );
      await this.database.query(
        `INSERT INTO ${this.counter} (key, "currentBatch") VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET "currentBatch" = excluded."currentBatch"`,
        [this.stream.key, batch.id],
      );
      await alongside(batch.id);
      return batch;
    });
  }

  /** Makes this run the owner of an open batch; from now on no earlier run can change it. */
  async claim(batch: Batch): Promise<Batch> {
    return transaction(this.database, "BEGIN", async () => {
      await this.lock();
      const now = await this.newest();
      if (now?.id !== batch.id || now.status === "committed")
        throw new Error(`batch ${batch.id} is no longer open`);
      return this.save({
        ...now,
        state: { ...now.state, job_state: { ...now.state.job_state, run: this.run } },
      });
    });
  }

  /**
   * Runs one transaction that changes the open batch and its data. It waits for transactions of an earlier, killed run
   * that are still open in the server, and throws if another run has claimed the batch meanwhile.
   */
  async change<T>(batch: Batch, work: () => Promise<T>): Promise<T> {
    return transaction(this.database, "BEGIN", async () => {
      await this.lock();
      const now = await this.newest();
      if (now?.id !== batch.id || now.state.job_state.run !== this.run) throw this.overtaken(batch);
      return await work();
    });
  }

  /**
   * As `change`, beside other sessions of the same run that do so too: they wait for transactions of other runs, and not
   * for one another.
   */
  async changeBeside<T>(batch: Batch, work: () => Promise<T>): Promise<T> {
    return transaction(this.database, "BEGIN", async () => {
      await this.lock("shared");
      const now = await this.newest();
      if (now?.id !== batch.id || now.state.job_state.run !== this.run) throw this.overtaken(batch);
      return await work();
    });
  }

  /** Call inside `changeBeside`: adds a dataset that was taken to what other sessions have saved. */
  async saveTaken(batch: Batch, taken: TakenDataset): Promise<Batch> {
    const now = await this.select("ORDER BY batch_id DESC LIMIT 1 FOR UPDATE");
    if (now?.id !== batch.id) throw this.overtaken(batch);
    const state = stateWith(now.state, taken);
    const isComplete = state.current_dataset_index === state.all_datasets.length;
    return this.save({ ...now, status: isComplete ? "ingested" : "started", state });
  }

  /** The same batches, by another session. */
  of(database: Database): BatchLedger {
    return new BatchLedger(database, this.stream, this.run);
  }

  /** Call inside `change`: writes status and state. */
  async save(batch: Batch): Promise<Batch> {
    await this.database.query(
      `UPDATE ${this.metrics} SET batch_status = $3, state = $4 WHERE key = $1 AND batch_id = $2`,
      [this.stream.key, batch.id, batch.status, batch.state],
    );
    return batch;
  }

  /** Call inside `change`: makes the batch final. */
  async commit(batch: Batch, total: Counts, datasets: Readonly<Record<string, Counts>>): Promise<void> {
    await this.database.query(
      `UPDATE ${this.metrics} SET batch_status = 'committed', batch_end_time = clock_timestamp(), state = $3,
         keys_new = $4, records_inserted = $5, records_updated = $6, records_deleted = $7, unchanged = $8,
         total_records = $9, datasets = $10
       WHERE key = $1 AND batch_id = $2`,
      [
        this.stream.key,
        batch.id,
        batch.state,
        total.keys_new,
        total.records_inserted,
        total.records_updated,
        total.records_deleted,
        total.unchanged,
        total.total_records,
        datasets,
      ],
    );
  }

  /** Hours since the batch was committed; undefined where it was not. */
  async hoursSince(id: number): Promise<number | undefined> {
    const { rows } = await this.database.query<{ hours: number }>(
      `SELECT extract(epoch FROM clock_timestamp()::timestamp - batch_end_time)::float8 / 3600 AS hours
       FROM ${this.metrics} WHERE key = $1 AND batch_id = $2 AND batch_status = 'committed'`,
      [this.stream.key, id],
    );
    return rows[0]?.hours;
  }

  /** The number of rows that each dataset had after a committed batch. */
  async rowsOf(id: number): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.database.query<{ datasets: Readonly<Record<string, Counts>> | null }>(
      `SELECT datasets FROM ${this.metrics} WHERE key = $1 AND batch_id = $2`,
      [this.stream.key, id],
    );
    return Object.fromEntries(
      Object.entries(rows[0]?.datasets ?? {}).map(([name, counts]) => [name, counts.total_records]),
    );
  }

  /** The state of a batch with nothing staged, for the current model. */
  freshState(): BatchState {
    const schemas = Object.fromEntries(this.stream.datasets.map((each) => [each.name, schemaOf(each)]));
    return {
      all_datasets: this.stream.datasets.map(({ name }) => name),
      current_dataset_index: 0,
      current_offset: 0,
      schema_versions: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, schemaHash(schema)]),
      ),
      job_state: { store: this.stream.store.name, schemas, staged: {}, run: this.run },
    };
  }

  /** Every run that changes this stream holds this lock until its transaction ends, even if the run was killed. */
  private async lock(mode: "exclusive" | "shared" = "exclusive"): Promise<void> {
    const lock = mode === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
    await this.database.query(`SELECT ${lock}(hashtextextended($1, 0))`, [
      `datasurface writer of ${this.counter} ${this.stream.key}`,
    ]);
  }

  private overtaken({ id }: Batch): JobError {
    return new JobError(
      `another run has taken over batch ${id} of ${this.stream.key}; this one stops, run again`,
    );
  }

  private async select(rest: string): Promise<Batch | undefined> {
    const { rows } = await this.database.query<Batch>(
      `SELECT batch_id AS id, batch_status AS status, state FROM ${this.metrics} WHERE key = $1 ${rest}`,
      [this.stream.key],
    );
    return rows[0];
  }
}

interface TakenDataset {
  readonly name: string;
  readonly copy: Copy;
  /** Whether its rows are the merged ones. */
  readonly isSame: boolean;
  readonly snapshot: string | undefined;
  /** For rows of a transformer. */
  readonly lineage?: Lineage;
  /** For rows whose changes are followed. */
  readonly changes?: ChangesState;
}

/** The state of a batch once one more dataset is taken from the source. */
function stateWith(
  state: BatchState,
  { name, copy, isSame, snapshot, lineage, changes }: TakenDataset,
): BatchState {
  const { staged, copies, same = [] } = state.job_state;
  const all = { ...staged, [name]: copy.rows };
  return {
    ...state,
    current_dataset_index: Object.keys(all).length,
    job_state: {
      ...state.job_state,
      staged: all,
      copies: { ...copies, [name]: copy },
      same: isSame ? [...same, name] : same,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(lineage === undefined ? {} : { lineage }),
      ...(changes === undefined ? {} : { changes }),
    },
  };
}

/** The batch before its first dataset is taken. */
export function withNothingTaken(batch: Batch): Batch {
  const { held: _, snapshot: __, lineage: ___, same: ____, changes: _____, ...kept } = batch.state.job_state;
  const state = { ...batch.state, current_dataset_index: 0, job_state: { ...kept, staged: {}, copies: {} } };
  return { ...batch, status: "started", state };
}

/** Throws for a batch that was started under another model: what differs, and what to do. */
export function requireSameSchema(stream: Stream, batch: Batch): void {
  const { all_datasets, job_state } = batch.state;
  const now = stream.datasets.map(({ name }) => name);
  const problems = [
    ...now.filter((name) => !all_datasets.includes(name)).map((name) => `dataset ${name} is new`),
    ...all_datasets.filter((name) => !now.includes(name)).map((name) => `dataset ${name} is gone`),
    ...stream.datasets.flatMap((dataset) => {
      const then = job_state.schemas[dataset.name];
      return then
        ? schemaDifferences(then, schemaOf(dataset)).map((problem) => `${dataset.name}: ${problem}`)
        : [];
    }),
  ];
  if (problems.length === 0) return;
  const flags = `--platform ${stream.platform.name} --store ${stream.store.name}${datasetFlag(stream)}`;
  throw new JobError(
    `${listProblems(`schema changed during batch ${batch.id} of ${stream.key}, nothing was merged:`, problems)}\n` +
      `put the model back, or begin the batch anew under the new model: jobs datasurface reset-batch ${flags}`,
  );
}

const datasetFlag = ({ store, datasets }: Stream) =>
  store.capture.consistency === "SINGLE_DATASET" ? ` --dataset ${datasets[0]?.name}` : "";
