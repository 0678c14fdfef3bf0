import {
  type Database,
  type DatabaseAddress,
  JobError,
  type Logger,
  listProblems,
  sqlState,
} from "../../../shared";
import type { Store, Stream } from "../../model";
import type { ChangesState } from "../changes-state";
import { LOCK_TIMEOUT, openSnapshot, type SourceSnapshot } from "../source";
import type { DatasetTables } from "../tables";
import { judgeSource } from "./followed-tables";
import { ensurePublication, publicationVersion } from "./publication";
import { dropSlot, openReplication, positionOf, publicationName, slotNames } from "./slot";

export interface Beginning {
  readonly stream: Stream;
  readonly store: Store;
  readonly datasets: readonly DatasetTables[];
  readonly source: DatabaseAddress;
  readonly merge: DatabaseAddress;
  /** Where the committed batches follow the changes. Undefined: they do not yet. */
  readonly former: ChangesState | undefined;
  readonly lockWaitSeconds: number;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly signal: AbortSignal;
}

/** Servers from this version on can keep a slot on a standby, so that it survives a failover. */
const FAILOVER_SLOTS = 170_000;

/**
 * Opens a snapshot of the source that shows exactly the transactions before the first change of a new slot. The tables are
 * locked before: a snapshot does not protect from a statement that writes a whole table anew, and the slot would not show it.
 */
export async function beginChanges(session: Database, beginning: Beginning): Promise<SourceSnapshot> {
  const { stream, store, datasets, log, former, lockWaitSeconds } = beginning;
  const version = await requireLogicalDecoding(session, store);
  const judged = await judgeSource(session, store, datasets);
  if (judged.problems.length > 0) {
    throw new JobError(
      listProblems(
        `the changes of the source of ${store.name} cannot be followed, nothing was changed:`,
        judged.problems,
      ),
    );
  }
  const publication = store.capture.publication ?? publicationName(stream);
  await ensurePublication(session, store, publication, Object.values(judged.tables));
  const published = await publicationVersion(session, publication, Object.values(judged.tables));
  if (published === undefined) throw new Error(`the publication ${publication} is not there`);
  const [one, other] = slotNames(stream, beginning.merge);
  const slot = former?.slot === one ? other : one;
  if (await dropSlot(session, slot, lockWaitSeconds))
    log.info(`dropped the slot ${slot} of an earlier attempt`);

  const name = `datasurface ${stream.platform.name} ${stream.key} slot`;
  let changes: ChangesState | undefined;
  try {
    const snapshot = await openSnapshot(session, store, datasets, { lockWaitSeconds, log }, async () => {
      const replication = await openReplication(beginning.source, name, beginning.signal);
      try {
        const { system, timeline } = await positionOf(replication);
        const made = await createSlot(replication, slot, version, lockWaitSeconds);
        await session.query(`SET TRANSACTION SNAPSHOT '${made.snapshot}'`);
        const { tables } = await judgeSource(session, store, datasets);
        if ((await publicationVersion(session, publication, Object.values(tables))) !== published)
          throw new JobError(
            `the publication ${publication} was changed meanwhile, nothing was changed: run again`,
          );
        changes = { slot, publication, published, lsn: made.lsn, system, timeline, tables };
      } finally {
        await replication.end().catch(() => undefined);
      }
    });
    if (!changes) throw new Error("the snapshot was opened without a slot");
    log.info({ slot, publication, lsn: changes.lsn }, `made the slot ${slot} at ${changes.lsn}`);
    return { ...snapshot, changes };
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    await dropSlot(session, slot, 0).catch(() => undefined);
    throw error;
  }
}

async function createSlot(
  replication: Database,
  slot: string,
  version: number,
  lockWaitSeconds: number,
): Promise<{ readonly snapshot: string; readonly lsn: string }> {
  await replication.query(`SET lock_timeout = '${lockWaitSeconds}s'`);
  const options = version >= FAILOVER_SLOTS ? "SNAPSHOT 'export', FAILOVER" : "SNAPSHOT 'export'";
  try {
    const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${slot} LOGICAL pgoutput (${options})`,
    );
    const [row] = rows;
    if (!row) throw new Error(`the source made no slot ${slot}`);
    return { snapshot: row.snapshot_name, lsn: row.consistent_point };
  } catch (error) {
    if (sqlState(error) !== LOCK_TIMEOUT) throw error;
    throw new JobError(
      `a transaction that writes has been open on the source for ${lockWaitSeconds} seconds (--lock-wait-seconds), and a slot begins ` +
        "after all that are open, nothing was changed; see pg_stat_activity (backend_xid); the next run by the schedule tries again",
      1,
      { cause: error },
    );
  }
}

/** Refuses a server that cannot show its changes, before anything is made; answers its version. */
async function requireLogicalDecoding(session: Database, store: Store): Promise<number> {
  const { rows } = await session.query<{
    version: number;
    standby: boolean;
    level: string;
    slots: number;
    used: number;
    senders: number;
    replicates: boolean;
    user: string;
  }>(
    `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
       current_setting('wal_level') AS level, current_setting('max_replication_slots')::int AS slots,
       (SELECT count(*)::int FROM pg_replication_slots) AS used, current_setting('max_wal_senders')::int AS senders,
       rolsuper OR rolreplication AS replicates, rolname AS user FROM pg_roles WHERE rolname = current_user`,
  );
  const [server] = rows;
  if (!server) throw new Error("the source did not describe itself");
  const problems = [
    ...(server.standby ? ["the server is a standby: give the primary's address"] : []),
    ...(server.level === "logical"
      ? []
      : [`its wal_level is ${server.level}: set wal_level = logical and restart the server`]),
    ...(server.senders > 0 ? [] : ["its max_wal_senders is 0: set it to 10 and restart the server"]),
    ...(server.used < server.slots
      ? []
      : [
          `all of its ${server.slots} slots are used (pg_replication_slots): drop one, or raise max_replication_slots and restart the server`,
        ]),
    ...(server.replicates
      ? []
      : [`the user ${server.user} may not replicate: ALTER ROLE ${server.user} REPLICATION`]),
  ];
  if (problems.length === 0) return server.version;
  throw new JobError(
    listProblems(
      `the source of ${store.name} cannot show its changes (capture.kind: sql_changes), nothing was changed:`,
      problems,
    ),
  );
}
