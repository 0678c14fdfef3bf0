import {
  type Context,
  columns,
  type Database,
  type DatabaseAddress,
  type Outcome,
  withDatabase,
} from "../shared";
import type { BatchStatus, Counts } from "./ingest";
import { inPublic } from "./ingest";
import { findPlatform, type Model, platformTables, type Stream, streamsOf } from "./model";

interface StatusConfig {
  readonly platform: string | undefined;
  readonly merge: DatabaseAddress;
  readonly json: boolean;
}

/** The state of one stream. */
export interface StreamStatus {
  readonly platform: string;
  readonly stream: string;
  readonly trigger: string;
  /** Undefined before the first batch. */
  readonly batch?: number;
  readonly status?: BatchStatus;
  /** How many deletions wait for approval. */
  readonly heldDeletes?: number;
  /** The approval with which these deletions are let through. */
  readonly heldApproval?: string;
  readonly startedAt?: string;
  readonly committedBatch?: number;
  readonly committedAt?: string;
  /** The batch whose rows a transformer read for the committed batch. Undefined: the rows are of a source database. */
  readonly madeFrom?: { readonly stream: string; readonly batch: number };
  /** For a store of kind sql_changes: where its last batch ended, the bytes of log that it found, and those kept for its slot. */
  readonly changes?: {
    readonly lsn: string;
    readonly slot: string;
    readonly behindBytes?: number;
    readonly retainedBytes?: number;
  };
  /** Age of the newest merged rows: seconds since the last committed batch started. */
  readonly lagSeconds?: number;
  readonly counts?: Counts;
  readonly datasets?: Readonly<Record<string, Counts>>;
}

/** Prints the state of the streams of one platform, or of all. */
export async function status(config: StatusConfig, model: Model, context: Context): Promise<Outcome> {
  const platforms = config.platform ? [findPlatform(model, config.platform)] : model.ecosystem.platforms;
  const streams = platforms.flatMap((platform) => streamsOf(model, platform));
  const statuses = await withDatabase(
    config.merge,
    { purpose: "the merge database", applicationName: "datasurface status", signal: context.signal },
    async (merge) => {
      const all: StreamStatus[] = [];
      for (const stream of streams) all.push(await statusOf(merge, stream));
      return all;
    },
  );
  context.print(config.json ? JSON.stringify({ streams: statuses }, undefined, 2) : renderTable(statuses));
  return "done";
}

async function statusOf(merge: Database, stream: Stream): Promise<StreamStatus> {
  const { trigger } = stream.store.capture;
  return {
    platform: stream.platform.name,
    stream: stream.key,
    trigger: "cron" in trigger ? trigger.cron : "external",
    ...(await streamStatus(merge, stream.platform.name, stream.key)),
  };
}

/** The state of a stream as the merge database has it; nothing before its platform's first batch. */
export async function streamStatus(
  merge: Database,
  platform: string,
  stream: string,
): Promise<Omit<StreamStatus, "platform" | "stream" | "trigger">> {
  const metrics = inPublic(platformTables(platform).metrics);
  const { rows: there } = await merge.query<{ there: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS there",
    [metrics],
  );
  if (!there[0]?.there) return {};
  const { rows } = await merge.query<{ status: Omit<StreamStatus, "platform" | "stream" | "trigger"> }>(
    `SELECT jsonb_strip_nulls(jsonb_build_object(
       'batch', newest.batch_id, 'status', newest.batch_status,
       'heldDeletes', newest.state #> '{job_state,held,deletes}',
       'heldApproval', newest.state #> '{job_state,held,approval}', 'startedAt', newest.batch_start_time,
       'committedBatch', done.batch_id, 'committedAt', done.batch_end_time,
       'lagSeconds', round(extract(epoch FROM clock_timestamp()::timestamp - done.batch_start_time)),
       'counts', CASE WHEN done.batch_id IS NOT NULL THEN jsonb_build_object(
         'keys_new', done.keys_new, 'records_inserted', done.records_inserted,
         'records_updated', done.records_updated, 'records_deleted', done.records_deleted,
         'unchanged', done.unchanged, 'total_records', done.total_records) END,
       'madeFrom', CASE WHEN done.state #> '{job_state,lineage}' IS NOT NULL THEN jsonb_build_object(
         'stream', done.state #> '{job_state,lineage,stream}',
         'batch', done.state #> '{job_state,lineage,batch}') END,
       'changes', CASE WHEN done.state #> '{job_state,changes}' IS NOT NULL THEN jsonb_build_object(
         'lsn', done.state #> '{job_state,changes,lsn}', 'slot', done.state #> '{job_state,changes,slot}',
         'behindBytes', done.state #> '{job_state,changes,behindBytes}',
         'retainedBytes', done.state #> '{job_state,changes,retainedBytes}') END,
       'datasets', done.datasets)) AS status
     FROM (SELECT * FROM ${metrics} WHERE key = $1 ORDER BY batch_id DESC LIMIT 1) AS newest
     LEFT JOIN (SELECT * FROM ${metrics} WHERE key = $1 AND batch_status = 'committed'
       ORDER BY batch_id DESC LIMIT 1) AS done ON true`,
    [stream],
  );
  return rows[0]?.status ?? {};
}

function renderTable(statuses: readonly StreamStatus[]): string {
  const header = [
    "PLATFORM",
    "STREAM",
    "BATCH",
    "STATUS",
    "LAG",
    "NEW",
    "UPDATED",
    "DELETED",
    "UNCHANGED",
    "TOTAL",
  ];
  const lines = statuses.map((each) => [
    each.platform,
    each.stream,
    each.batch ?? "-",
    each.heldDeletes === undefined ? (each.status ?? "never run") : `held (${each.heldDeletes} deletes)`,
    each.lagSeconds === undefined ? "-" : `${each.lagSeconds} s`,
    ...(["keys_new", "records_updated", "records_deleted", "unchanged", "total_records"] as const).map(
      (count) => each.counts?.[count] ?? "-",
    ),
  ]);
  return columns([header, ...lines].map((line) => line.map(String))).join("\n");
}
