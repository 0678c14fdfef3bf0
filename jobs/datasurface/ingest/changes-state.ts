/** The source's table of one dataset, as it was when its rows were read in whole. */
export interface FollowedTable {
  readonly schema: string;
  readonly table: string;
  /** The files that hold its rows: they are others once a statement wrote the whole table anew. */
  readonly files: string;
  /** Type and modifier of each column that the model has, by name. */
  readonly columns: Readonly<Record<string, readonly [type: number, modifier: number]>>;
}

/** What a stream of changes keeps from batch to batch; it is committed with the rows. */
export interface ChangesState {
  readonly slot: string;
  readonly publication: string;
  /** Identifies the publication as it was when the slot was made. */
  readonly published: string;
  /** All transactions that committed before this position of the source's log are merged, and no other. */
  readonly lsn: string;
  /** Which cluster the source is, and which of its histories: a failover begins another timeline. */
  readonly system: string;
  readonly timeline: number;
  readonly tables: Readonly<Record<string, FollowedTable>>;
  /** Bytes of the log that the batch found written after the one before, and that the source keeps for the slot. */
  readonly behindBytes?: number;
  readonly retainedBytes?: number;
}

/** The changes cannot continue the merged rows, but another snapshot can: the reason, for people. */
export class SnapshotNeeded extends Error {}
