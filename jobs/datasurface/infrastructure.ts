import {
  type Context,
  type Database,
  type DatabaseAddress,
  type KubernetesAccess,
  listProblems,
  lockedTransaction,
  type Outcome,
  quoteLiteral,
  retry,
  UserError,
  withDatabase,
} from "../shared";
import {
  type Batch,
  BatchLedger,
  ensureBatchTables,
  ensureViews,
  inPublic,
  reconcile,
  requireCompatible,
  StreamBusy,
  tablesOf,
  trimStaging,
  withStream,
} from "./ingest";
import {
  datasetTables,
  findPlatform,
  type Model,
  type Platform,
  platformTables,
  type Stream,
  sinksOf,
  streamsOf,
} from "./model";
import { publishStreams, type StreamListAddress } from "./stream-list";

interface InfrastructureConfig {
  readonly platform: string;
  readonly merge: DatabaseAddress;
  /** Drop the tables of streams that are no longer in the model, instead of only listing them. */
  readonly dropUnused: boolean;
  /** The ConfigMap from which Airflow reads the platform's streams. @default none: the list is not written */
  readonly streamList?: StreamListAddress | undefined;
  /** Access to the Kubernetes API, to write that ConfigMap. Undefined outside of a pod: the list is not written. */
  readonly kubernetes?: KubernetesAccess | undefined;
}

/** Waits at most some minutes for a stream that is being ingested. */
const PATIENCE = { attempts: 100, firstDelayMs: 500, longestDelayMs: 5_000 };

/**
 * The daily run for a platform: brings tables, staging, views and grants to the model, and handles streams that left
 * it.
 */
export async function infrastructure(
  config: InfrastructureConfig,
  model: Model,
  context: Context,
): Promise<Outcome> {
  const platform = findPlatform(model, config.platform);
  const problems: string[] = [];
  // First, because the steps below may wait for busy streams.
  await tellAirflow(config, model, context).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    context.log.warn(error.message);
    problems.push(error.message);
  });
  for (const stream of streamsOf(model, platform)) {
    try {
      await retry(() => maintain(config, model, stream, context), {
        ...PATIENCE,
        signal: context.signal,
        retryable: (error) => error instanceof StreamBusy,
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      context.log.warn({ stream: stream.key }, error.message);
      problems.push(error.message);
    }
  }
  await withDatabase(
    config.merge,
    { purpose: "the merge database", applicationName: "datasurface infrastructure", signal: context.signal },
    async (merge) => {
      await ensureBatchTables(merge, platform);
      await refreshViews(merge, model, platform, context);
      await removeUnused(merge, model, platform, config.dropUnused, context);
    },
  );
  if (problems.length > 0) throw new UserError(listProblems("not everything could be done:", problems));
  return "done";
}

async function tellAirflow(config: InfrastructureConfig, model: Model, context: Context): Promise<void> {
  const { streamList, kubernetes } = config;
  if (!streamList) return;
  if (!kubernetes) {
    context.log.warn(
      `the stream list ${streamList.namespace}/${streamList.name} is left as it is: this is no pod, and KUBERNETES_API is not set`,
    );
    return;
  }
  await publishStreams(model, findPlatform(model, config.platform), streamList, kubernetes, context);
}

/** Creates the consumer views of a platform, and the tables under them. */
export async function views(
  config: Pick<InfrastructureConfig, "platform" | "merge">,
  model: Model,
  context: Context,
): Promise<Outcome> {
  return infrastructure(
    { platform: config.platform, merge: config.merge, dropUnused: false },
    model,
    context,
  );
}

async function maintain(
  config: InfrastructureConfig,
  model: Model,
  stream: Stream,
  context: Context,
): Promise<void> {
  await withStream(stream, config.merge, context, async (merge) => {
    const batches = new BatchLedger(merge, stream, "infrastructure");
    const newest = await batches.newest();
    requireCompatible(stream, await batches.committed());
    for (const what of await reconcile(merge, model, stream)) context.log.info({ stream: stream.key }, what);
    const trimmed = await trim(merge, stream, newest);
    if (trimmed > 0) context.log.info({ stream: stream.key, trimmed }, `trimmed ${trimmed} staged batches`);
  });
}

/** The staged rows of the open batch are always kept. */
async function trim(merge: Database, stream: Stream, newest: Batch | undefined): Promise<number> {
  if (!newest) return 0;
  const keep = Math.max(0, stream.platform.stagingBatchesToKeep);
  const firstOpen = newest.status === "committed" ? newest.id + 1 : newest.id;
  let trimmed = 0;
  for (const dataset of stream.datasets) {
    trimmed += await trimStaging(merge, tablesOf(stream.platform, stream.store, dataset), firstOpen - keep);
  }
  return trimmed;
}

async function refreshViews(
  merge: Database,
  model: Model,
  platform: Platform,
  { log }: Context,
): Promise<void> {
  const counts = await lockedTransaction(merge, `datasurface tables of ${platform.name}`, () =>
    ensureViews(merge, sinksOf(model, platform)),
  );
  log.info(
    counts,
    `views: ${counts.created} created, ${counts.changed} changed, ${counts.unchanged} unchanged`,
  );
}

/** Lists streams that have batches but are no longer in the model; drops them only on request. */
async function removeUnused(
  merge: Database,
  model: Model,
  platform: Platform,
  drop: boolean,
  { log }: Context,
): Promise<void> {
  const names = platformTables(platform.name);
  const known = streamsOf(model, platform).map(({ key }) => key);
  const { rows: unused } = await merge.query<{ key: string; store: string; datasets: string[] }>(
    `SELECT DISTINCT ON (key) key, state #>> '{job_state,store}' AS store, state -> 'all_datasets' AS datasets
     FROM ${inPublic(names.metrics)} WHERE key <> ALL ($1) ORDER BY key, batch_id DESC`,
    [known],
  );
  for (const { key, store, datasets } of unused) {
    if (!drop) {
      log.warn({ stream: key }, `stream ${key} has left the model; its tables stay until --drop-unused`);
      continue;
    }
    await lockedTransaction(merge, `datasurface tables of ${platform.name}`, async () => {
      for (const dataset of datasets) {
        const tables = datasetTables(platform.name, store, dataset);
        await merge.query(
          `DROP TABLE IF EXISTS ${inPublic(tables.staging)}, ${inPublic(tables.merge)} CASCADE`,
        );
      }
      await merge.query(`DELETE FROM ${inPublic(names.counter)} WHERE key = ${quoteLiteral(key)}`);
      await merge.query(`DELETE FROM ${inPublic(names.metrics)} WHERE key = ${quoteLiteral(key)}`);
    });
    log.info({ stream: key }, `dropped the tables of ${key}`);
  }
}
