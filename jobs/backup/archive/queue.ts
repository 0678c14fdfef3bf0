import { type Database, type DatabaseAddress, withDatabase } from "../../shared";

/** How far the leader's archiver is behind. */
export interface Queue {
  /** Number of segments that wait to be archived. */
  readonly waitingSegments: number;
  readonly waitingBytes: number;
  /** How long the oldest waiting segment has waited. */
  readonly oldestSeconds: number;
  /** Segments archived since PostgreSQL's statistics were reset. */
  readonly archived: number;
  /** Failed attempts since PostgreSQL's statistics were reset. */
  readonly failed: number;
  readonly lastArchivedAt: Date | undefined;
}

/**
 * Asks the leader. The user of pg_rewind, which Patroni creates, may call the functions that list folders and file
 * ages; pg_stat_archiver is readable by everybody.
 */
export function readQueue(address: DatabaseAddress, signal: AbortSignal): Promise<Queue> {
  const session = { purpose: "the leader of PostgreSQL", applicationName: "trellis archive", signal };
  return withDatabase(address, session, ask);
}

async function ask(database: Database): Promise<Queue> {
  const { rows } = await database.query<{
    segments: string;
    segment_bytes: string;
    oldest: string;
    archived_count: string;
    failed_count: string;
    last_archived_time: Date | null;
  }>(`
    WITH waiting AS (
      SELECT pg_stat_file('pg_wal/archive_status/' || name, true) AS file
      FROM pg_ls_dir('pg_wal/archive_status', true, false) AS name
      WHERE name LIKE '%.ready'
    )
    SELECT count((file).size) AS segments,
           pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes,
           coalesce(extract(epoch FROM clock_timestamp() - min((file).modification)), 0) AS oldest,
           archived_count, failed_count, last_archived_time
    FROM pg_stat_archiver LEFT JOIN waiting ON true
    GROUP BY archived_count, failed_count, last_archived_time`);
  const [row] = rows;
  if (!row) throw new Error("pg_stat_archiver has no row");
  return {
    waitingSegments: Number(row.segments),
    waitingBytes: Number(row.segments) * Number(row.segment_bytes),
    oldestSeconds: Math.max(0, Number(row.oldest)),
    archived: Number(row.archived_count),
    failed: Number(row.failed_count),
    lastArchivedAt: row.last_archived_time ?? undefined,
  };
}
