import { type Context, JobError, type Outcome } from "../../shared";
import { findStream, isDerived, type Model, type Stream } from "../model";
import type { IngestConfig } from "./ingest-config";
import { withStream } from "./only-writer";
import { Run } from "./run";

/** One run: takes the open batch, or a new one, through staging and merge to its commit. */
export async function ingest(config: IngestConfig, model: Model, context: Context): Promise<Outcome> {
  const stream = findStream(model, config);
  if (isDerived(stream.store)) {
    throw new JobError(
      `--store: ${stream.store.name} is made by a transformer: jobs datasurface transform --platform ${config.platform} --store ${stream.store.name}`,
    );
  }
  return run(stream, config, model, context);
}

/** What a transformer has no settings for. */
const OF_TRANSFORMERS = {
  showValues: false,
  datasetsAtOnce: 1,
  fullComparisonHours: 0,
  changesPerBatch: Number.POSITIVE_INFINITY, // it follows none
} as const;

/** One run of a transformer: its rows come from merge tables of the same database, and all else is as in `ingest`. */
export async function transform(
  config: Omit<IngestConfig, keyof typeof OF_TRANSFORMERS | "source">,
  model: Model,
  context: Context,
): Promise<Outcome> {
  const stream = findStream(model, config);
  if (!isDerived(stream.store)) {
    throw new JobError(
      `--store: ${stream.store.name} is read from a source: jobs datasurface ingest --platform ${config.platform} --store ${stream.store.name}`,
    );
  }
  return run(stream, { ...config, ...OF_TRANSFORMERS, source: config.merge }, model, context);
}

async function run(stream: Stream, config: IngestConfig, model: Model, context: Context): Promise<Outcome> {
  return withStream(stream, config.merge, context, async (merge) =>
    new Run(stream, model, config, merge, context).go(),
  );
}
