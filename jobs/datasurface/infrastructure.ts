import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  type KubernetesAccess,
  listProblems,
  lockedTransaction,
  type Outcome,
  quoteLiteral,
  retry,
  sqlState,
  withDatabase,
} from "../shared";
import {
  type Batch,
  BatchLedger,
  ensureBatchTables,
  ensureViews,
  findTables,
  inPublic,
  keyOf,
  LOCK_TIMEOUT,
  LOCK_WAIT_SECONDS,
  lockHolders,
  reconcile,
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
  viewNames,
} from "./model";
import { publishStreams, type StreamListAddress } from "./stream-list";

interface InfrastructureConfig {
  readonly platform: string;
  readonly merge: DatabaseAddress;
  /** How long to wait for a locked table or view. @default 60 */
  readonly lockWaitSeconds?: number | undefined;
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
    if (!(error instanceof JobError)) throw error;
    context.log.warn(error.message);
    problems.push(error.message);
  });
  const maintained: Stream[] = [];
  for (const stream of streamsOf(model, platform)) {
    try {
      await retry(() => maintain(config, model, stream, context), {
        ...PATIENCE,
        signal: context.signal,
        retryable: (error) => error instanceof StreamBusy,
      });
      maintained.push(stream);
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      context.log.warn({ stream: stream.key }, error.message);
      problems.push(error.message);
    }
  }
  await withDatabase(
    config.merge,
    { purpose: "the merge database", applicationName: "datasurface infrastructure", signal: context.signal },
    async (merge) => {
      const { lockWaitSeconds = LOCK_WAIT_SECONDS } = config;
      await merge.query(`SET lock_timeout = '${lockWaitSeconds}s'`);
      await ensureBatchTables(merge, platform);
      await refreshViews(merge, model, platform, maintained, context).catch(async (error: unknown) => {
        if (sqlState(error) !== LOCK_TIMEOUT) throw error;
        const holders = await lockHolders(merge, viewsOf(model, platform));
        problems.push(
          `the views of ${platform.name} stay as they are: a lock was not to be had for ${lockWaitSeconds} seconds ` +
            `(--lock-wait-seconds); ${holders.join("; ") || "another session changes them"}; the next run tries again`,
        );
      });
      problems.push(...(await removeUnused(merge, model, platform, config.dropUnused, context)));
    },
  );
  if (problems.length > 0) throw new JobError(listProblems("not everything could be done:", problems));
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
  config: Pick<InfrastructureConfig, "platform" | "merge" | "lockWaitSeconds">,
  model: Model,
  context: Context,
): Promise<Outcome> {
  return infrastructure(
    {
      platform: config.platform,
      merge: config.merge,
      lockWaitSeconds: config.lockWaitSeconds,
      dropUnused: false,
    },
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
  const { signal } = context;
  await withStream(
    stream,
    config.merge,
    { signal, lockWaitSeconds: config.lockWaitSeconds },
    async (merge) => {
      const batches = new BatchLedger(merge, stream, "infrastructure");
      const newest = await batches.newest();
      for (const what of await reconcile(merge, model, stream, await batches.committed())) {
        context.log.info({ stream: stream.key }, what);
      }
      const trimmed = await trim(merge, stream, newest);
      if (trimmed > 0) context.log.info({ stream: stream.key, trimmed }, `trimmed ${trimmed} staged batches`);
    },
  );
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

/** The names of all views of a platform, as SQL. */
const viewsOf = (model: Model, platform: Platform): string[] =>
  sinksOf(model, platform).flatMap(({ workspace, group, store, dataset }) => {
    const { live, full } = viewNames({
      platform: platform.name,
      workspace: workspace.name,
      group,
      store: store.name,
      dataset: dataset.name,
    });
    return [inPublic(live), inPublic(full)];
  });

/** The views of a stream whose tables do not fit the model stay as they are. */
async function refreshViews(
  merge: Database,
  model: Model,
  platform: Platform,
  streams: readonly Stream[],
  { log }: Context,
): Promise<void> {
  const sinks = sinksOf(model, platform).filter(({ store, dataset }) =>
    streams.some((stream) => stream.store === store && stream.datasets.includes(dataset)),
  );
  const counts = await lockedTransaction(merge, `datasurface tables of ${platform.name}`, () =>
    ensureViews(merge, sinks),
  );
  log.info(
    counts,
    `views: ${counts.created} created, ${counts.changed} changed, ${counts.unchanged} unchanged`,
  );
}

/**
 * Lists streams that have batches but are no longer in the model; drops them only on request. Returns those that it
 * must keep: their tables have a stream of the model.
 */
async function removeUnused(
  merge: Database,
  model: Model,
  platform: Platform,
  drop: boolean,
  { log }: Context,
): Promise<string[]> {
  const names = platformTables(platform.name);
  const streams = streamsOf(model, platform);
  const used = new Set(
    streams.flatMap(({ store, datasets }) =>
      datasets.map(({ name }) => datasetTables(platform.name, store.name, name).merge),
    ),
  );
  const { rows: unused } = await merge.query<{ key: string; store: string; datasets: string[] }>(
    `SELECT DISTINCT ON (key) key, state #>> '{job_state,store}' AS store, state -> 'all_datasets' AS datasets
     FROM ${inPublic(names.metrics)} WHERE key <> ALL ($1) ORDER BY key, batch_id DESC`,
    [streams.map(({ key }) => key)],
  );
  const kept: string[] = [];
  for (const { key, store, datasets } of unused) {
    if (!drop) {
      log.warn({ stream: key }, `stream ${key} has left the model; its tables stay until --drop-unused`);
      continue;
    }
    const tables = datasets.map((dataset) => datasetTables(platform.name, store, dataset));
    const inUse = tables.map(({ merge }) => merge).filter((name) => used.has(name));
    const found = await findTables(merge, inUse);
    const ours = [...found].flatMap(([name, { owner }]) => (!owner || keyOf(owner) === key ? [name] : []));
    if (ours.length > 0) {
      kept.push(
        `the stream ${key} was not dropped: ${ours.join(", ")} would go to another stream of the model; ` +
          "put the name or the consistency back",
      );
      continue;
    }
    await lockedTransaction(merge, `datasurface tables of ${platform.name}`, async () => {
      for (const each of tables.filter(({ merge: name }) => !used.has(name))) {
        await merge.query(`DROP TABLE IF EXISTS ${inPublic(each.staging)}, ${inPublic(each.merge)} CASCADE`);
      }
      await merge.query(`DELETE FROM ${inPublic(names.counter)} WHERE key = ${quoteLiteral(key)}`);
      await merge.query(`DELETE FROM ${inPublic(names.metrics)} WHERE key = ${quoteLiteral(key)}`);
    });
    log.info({ stream: key }, `dropped the tables of ${key}`);
  }
  return kept;
}
