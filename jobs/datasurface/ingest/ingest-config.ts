import type { DatabaseAddress } from "../../shared";
import type { DeletionPolicy } from "./guard";

export interface IngestConfig extends DeletionPolicy {
  /** Name of the platform in the model. */
  readonly platform: string;
  /** Name of the store in the model. */
  readonly store: string;
  /** The dataset to ingest alone, for a store whose datasets are separate streams. Undefined: the whole store. */
  readonly dataset: string | undefined;
  /** The database to read from. */
  readonly source: DatabaseAddress;
  /** The database with the staging and merge tables. */
  readonly merge: DatabaseAddress;
  /** After this many seconds the run stops at the next safe point, and must be run again. Undefined: no limit. */
  readonly maxSeconds: number | undefined;
  /** How many datasets are read at once, each by a session of its own in the source and in the merge database. */
  readonly datasetsAtOnce: number;
  /** In MB: work_mem for the join that finds the changes, and maintenance_work_mem for indexes. */
  readonly joinMemoryMb: number;
  /** How long to wait for a lock: for all tables of the source together, and for each in the merge database. */
  readonly lockWaitSeconds: number;
  /** How long one statement may take, in either database. */
  readonly statementSeconds: number;
  /** A dataset of which the source shows the rows of the last batch is compared all the same after so many hours. */
  readonly fullComparisonHours: number;
  /** Whether errors may show values of rows. */
  readonly showValues: boolean;
  /** Whether a store whose changes are followed is read in whole, as after the loss of its slot. */
  readonly fromSnapshot?: boolean | undefined;
  /** A batch has about so many changes, unless one transaction has more. */
  readonly changesPerBatch: number;
  /** The secret key of a transformer's masks. Undefined: none is given. */
  readonly maskKey?: string | undefined;
}
