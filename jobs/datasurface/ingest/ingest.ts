import { type Context, type DatabaseAddress, type Outcome, UserError } from "../../shared";
import { findStream, isDerived, type Model, type Stream } from "../model";
import type { DeletionPolicy } from "./guard";
import { withStream } from "./only-writer";
import { Run } from "./run";

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
  /** The secret key of a transformer's masks. Undefined: none is given. */
  readonly maskKey?: string | undefined;
}

/** One run: takes the open batch, or a new one, through staging and merge to its commit. */
export async function ingest(config: IngestConfig, model: Model, context: Context): Promise<Outcome> {
  const stream = findStream(model, config);
  if (isDerived(stream.store)) {
    throw new UserError(
      `--store: ${stream.store.name} is made by a transformer: jobs datasurface transform --platform ${config.platform} --store ${stream.store.name}`,
    );
  }
  return run(stream, config, model, context);
}

/** One run of a transformer: its rows come from merge tables of the same database, and all else is as in `ingest`. */
export async function transform(
  config: Omit<IngestConfig, "source" | "showValues" | "fullComparisonHours">,
  model: Model,
  context: Context,
): Promise<Outcome> {
  const stream = findStream(model, config);
  if (!isDerived(stream.store)) {
    throw new UserError(
      `--store: ${stream.store.name} is read from a source: jobs datasurface ingest --platform ${config.platform} --store ${stream.store.name}`,
    );
  }
  return run(
    stream,
    { ...config, source: config.merge, showValues: false, fullComparisonHours: 0 },
    model,
    context,
  );
}

async function run(stream: Stream, config: IngestConfig, model: Model, context: Context): Promise<Outcome> {
  return withStream(stream, config.merge, context, async (merge) =>
    new Run(stream, model, config, merge, context).go(),
  );
}
