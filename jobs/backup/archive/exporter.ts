import {
  type Context,
  type DatabaseAddress,
  exporterReply,
  type GaugeFamily,
  type GaugeSample,
  type ObjectStoreAddress,
  reason,
  serve,
} from "../../shared";
import { checkMetrics, readRecords } from "./checks";
import { type Pressure, readPressure } from "./pressure";
import { type Queue, readQueue } from "./queue";
import { type Repository, readRepository } from "./repository";
import { hasGap, windows } from "./window";

interface ArchiveExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly stanza: string;
  readonly repositories: number;
  readonly leader: DatabaseAddress;
  /** Bytes of waiting WAL at which some of it is dropped; exported as a metric beside the waiting bytes. */
  readonly queueBytes: number;
  /** Where the checks record how they ended. @default they are not exported */
  readonly records: ObjectStoreAddress | undefined;
  /** How long the result of reading the repositories is cached. */
  readonly refreshSeconds: number;
}

/** Serves metrics on how far the archive reaches and how far it is behind; omits what cannot be read. */
export async function exportArchiveMetrics(args: ArchiveExporterArgs, context: Context): Promise<void> {
  let read: Promise<readonly GaugeFamily[]> | undefined;
  let readAt = 0;
  const repositories = () => {
    if (!read || Date.now() - readAt >= args.refreshSeconds * 1000) {
      readAt = Date.now();
      read = repositoryFamilies(args, context);
    }
    return read;
  };
  await serve(
    {
      ...args,
      what: "the exporter of the archive",
      reply: (url) =>
        exporterReply(url, async () =>
          (await Promise.all([queueFamilies(args, context), repositories()])).flat(),
        ),
    },
    context,
  );
}

async function queueFamilies(
  { leader, queueBytes }: ArchiveExporterArgs,
  context: Context,
): Promise<readonly GaugeFamily[]> {
  try {
    const [queue, pressure] = await Promise.all([
      readQueue(leader, context.signal),
      readPressure(leader, context.signal),
    ]);
    return [...queueMetrics(queue, queueBytes), ...pressureMetrics(pressure)];
  } catch (error) {
    context.log.warn(`the leader cannot be asked: ${reason(error)}`);
    return [];
  }
}

async function repositoryFamilies(
  { stanza, repositories, records }: ArchiveExporterArgs,
  { log, signal }: Context,
): Promise<readonly GaugeFamily[]> {
  const held = new Map<number, Repository | undefined>();
  for (let index = 1; index <= repositories; index++) {
    try {
      held.set(index, await readRepository({ stanza, log, signal }, index));
    } catch (error) {
      log.warn(`repository ${index}: ${reason(error)}`);
      held.set(index, undefined);
    }
  }
  return [
    ...repositoryMetrics(held),
    ...(records ? await checkFamilies(records, repositories, { log, signal }) : []),
  ];
}

async function checkFamilies(
  records: ObjectStoreAddress,
  repositories: number,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<readonly GaugeFamily[]> {
  try {
    return checkMetrics(await readRecords(records, repositories, signal));
  } catch (error) {
    log.warn(`the records of the archive's checks cannot be read: ${reason(error)}`);
    return [];
  }
}

export function queueMetrics(queue: Queue, queueBytes: number): GaugeFamily[] {
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
    gauge(
      "last_archived_timestamp_seconds",
      "When a segment was last archived",
      seconds(queue.lastArchivedAt),
    ),
  ];
}

export function pressureMetrics({ sessions, mostSessions, oldestTransactionAge }: Pressure): GaugeFamily[] {
  const one = (name: string, help: string, value: number): GaugeFamily => ({
    name: `trellis_postgres_${name}`,
    help,
    samples: [{ value }],
  });
  return [
    one("sessions", "Sessions of the leader, over all databases", sessions),
    one("most_sessions", "Sessions that the leader allows together", mostSessions),
    one(
      "oldest_transaction_age",
      "Transactions since the oldest one whose ID is not frozen",
      oldestTransactionAge,
    ),
  ];
}

/** Keyed by repository, counted from 1; undefined where the repository could not be read. */
export function repositoryMetrics(held: ReadonlyMap<number, Repository | undefined>): GaugeFamily[] {
  const all = [...held].map(([index, repository]) => {
    const found = repository && windows(repository.backups, repository.segments);
    return { index, repository, found };
  });
  return [
    family(
      "repository_up",
      "Whether the repository can be read",
      all.map(({ index, repository }) => ({
        labels: { repository: index },
        value: Number(repository !== undefined),
      })),
    ),
    family(
      "backup_timestamp_seconds",
      "When the newest base backup of each type was done",
      all.flatMap(({ index, repository }) =>
        (["full", "diff", "incr"] as const).map((type) => ({
          labels: { repository: index, type },
          value: seconds(repository?.backups.filter((backup) => backup.type === type).at(-1)?.finishedAt),
        })),
      ),
    ),
    family(
      "window_start_timestamp_seconds",
      "The earliest moment that can be recovered",
      all.map(({ index, found }) => ({ labels: { repository: index }, value: seconds(found?.[0]?.from) })),
    ),
    family(
      "window_end_timestamp_seconds",
      "The latest moment that can be recovered",
      all.map(({ index, found }) => ({ labels: { repository: index }, value: seconds(found?.at(-1)?.to) })),
    ),
    family(
      "gap",
      "Whether log is missing after the newest base backup",
      all.map(({ index, repository, found }) => ({
        labels: { repository: index },
        value: repository && found && Number(hasGap(found, repository.segments)),
      })),
    ),
  ];
}

const seconds = (moment: Date | undefined) => moment && moment.getTime() / 1000;

const family = (name: string, help: string, samples: readonly GaugeSample[]): GaugeFamily => ({
  name: `trellis_archive_${name}`,
  help,
  samples,
});

const gauge = (name: string, help: string, value: number | undefined) => family(name, help, [{ value }]);
