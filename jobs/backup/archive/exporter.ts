import { type Context, type DatabaseAddress, json, problem, type Reply, serve } from "../../shared";
import { type Queue, readQueue } from "./queue";
import { type Repository, readRepository } from "./repository";
import { hasGap, windows } from "./window";

interface ArchiveExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly stanza: string;
  readonly repositories: number;
  readonly leader: DatabaseAddress;
  /** The room for log that waits. */
  readonly queueBytes: number;
  /** How long a look into the repositories counts. */
  readonly refreshSeconds: number;
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Tells Prometheus how far the archive reaches and how far it is behind; what cannot be asked is left out. */
export async function exportArchiveMetrics(args: ArchiveExporterArgs, context: Context): Promise<void> {
  let read: Promise<string> | undefined;
  let readAt = 0;
  const repositories = () => {
    if (!read || Date.now() - readAt >= args.refreshSeconds * 1000) {
      readAt = Date.now();
      read = repositoriesText(args, context);
    }
    return read;
  };
  await serve(
    {
      ...args,
      what: "the exporter of the archive",
      reply: async ({ pathname }): Promise<Reply> => {
        if (pathname === "/health") return json(200, { status: "ok" });
        if (pathname !== "/metrics") return problem(404, "the metrics are at /metrics");
        const [queue, held] = await Promise.all([queueText(args, context), repositories()]);
        return { status: 200, type: METRICS_TYPE, body: queue + held };
      },
    },
    context,
  );
}

async function queueText({ leader, queueBytes }: ArchiveExporterArgs, context: Context): Promise<string> {
  try {
    return queueMetrics(await readQueue(leader, context.signal), queueBytes);
  } catch (error) {
    context.log.warn(`the leader cannot be asked: ${error instanceof Error ? error.message : String(error)}`);
    return "";
  }
}

async function repositoriesText(
  { stanza, repositories }: ArchiveExporterArgs,
  { log, signal }: Context,
): Promise<string> {
  const held = new Map<number, Repository | undefined>();
  for (let index = 1; index <= repositories; index++) {
    try {
      held.set(index, await readRepository({ stanza, log, signal }, index));
    } catch (error) {
      log.warn(`repository ${index}: ${error instanceof Error ? error.message : String(error)}`);
      held.set(index, undefined);
    }
  }
  return repositoryMetrics(held);
}

export function queueMetrics(queue: Queue, queueBytes: number): string {
  return [
    gauge(
      "waiting_segments",
      "Finished segments of the log that wait for the archive",
      queue.waitingSegments,
    ),
    gauge("waiting_bytes", "Bytes of the log that wait for the archive", queue.waitingBytes),
    gauge("queue_limit_bytes", "Bytes at which log that waits is let go", queueBytes),
    gauge("oldest_waiting_seconds", "How long the first segment has waited", queue.oldestSeconds),
    gauge("segments_archived", "Segments archived since the statistics were reset", queue.archived),
    gauge("failures", "Attempts to archive that failed since the statistics were reset", queue.failed),
    ...(queue.lastArchivedAt
      ? [
          gauge(
            "last_archived_timestamp_seconds",
            "When a segment was last archived",
            queue.lastArchivedAt.getTime() / 1000,
          ),
        ]
      : []),
  ].join("");
}

/** By repository, counted from 1; undefined where it could not be read. */
export function repositoryMetrics(held: ReadonlyMap<number, Repository | undefined>): string {
  const all = [...held].map(([index, repository]) => {
    const found = repository && windows(repository.backups, repository.segments);
    return { index, repository, found };
  });
  const label = (index: number) => `{repository="${index}"}`;
  return [
    family(
      "repository_up",
      "Whether the repository can be read",
      all.map(({ index, repository }) => [label(index), Number(repository !== undefined)]),
    ),
    family(
      "backup_timestamp_seconds",
      "When the newest base backup of each type was done",
      all.flatMap(({ index, repository }) =>
        (["full", "diff", "incr"] as const).flatMap((type) => {
          const newest = repository?.backups.filter((backup) => backup.type === type).at(-1);
          return newest
            ? [[`{repository="${index}",type="${type}"}`, newest.finishedAt.getTime() / 1000] as const]
            : [];
        }),
      ),
    ),
    family(
      "window_start_timestamp_seconds",
      "The earliest moment that can be recovered",
      all.flatMap(({ index, found }) => (found?.[0] ? [[label(index), found[0].from.getTime() / 1000]] : [])),
    ),
    family(
      "window_end_timestamp_seconds",
      "The latest moment that can be recovered",
      all.flatMap(({ index, found }) => {
        const last = found?.at(-1);
        return last ? [[label(index), last.to.getTime() / 1000]] : [];
      }),
    ),
    family(
      "gap",
      "Whether log is missing after the newest base backup",
      all.flatMap(({ index, repository, found }) =>
        repository && found ? [[label(index), Number(hasGap(found, repository.segments))]] : [],
      ),
    ),
  ].join("");
}

type Sample = readonly [labels: string, value: number];

const gauge = (name: string, help: string, value: number) => family(name, help, [["", value]]);

function family(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => `trellis_archive_${name}${labels} ${value}\n`);
  return `# HELP trellis_archive_${name} ${help}\n# TYPE trellis_archive_${name} gauge\n${lines.join("")}`;
}
