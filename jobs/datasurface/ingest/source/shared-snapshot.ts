import { type Database, quoteLiteral } from "../../../shared";
import { type LockedTable, lockTable } from "./source-locks";

/** A snapshot that other sessions can read, as long as the transaction that exported it is open. */
export interface SharedSnapshot {
  readonly id: string;
  /** The server, the database and the snapshot itself; see STATE. */
  readonly state: string;
  /** The tables that are read. */
  readonly tables: readonly LockedTable[];
}

/**
 * Names the server, its database and the state that a transaction sees: two sessions with the same name see the same
 * rows. A standby does not list its running transactions, so two snapshots of it may have one name.
 */
export const STATE = `concat_ws('/', inet_server_addr(), inet_server_port(), extract(epoch FROM pg_postmaster_start_time()),
  (SELECT oid FROM pg_database WHERE datname = current_database()), pg_current_snapshot())`;

/** Exports the session's snapshot; undefined where the login may not. */
export async function shareSnapshot(
  source: Database,
  tables: readonly LockedTable[],
): Promise<SharedSnapshot | undefined> {
  const { rows: allowed } = await source.query<{ allowed: boolean }>(
    "SELECT has_function_privilege('pg_export_snapshot()', 'EXECUTE') AS allowed",
  );
  if (!allowed[0]?.allowed) return undefined;
  const { rows } = await source.query<{ id: string; state: string }>(
    `SELECT pg_export_snapshot() AS id, ${STATE} AS state`,
  );
  return rows[0] && { ...rows[0], tables };
}

/**
 * Begins a transaction of this session that reads the shared snapshot, and locks the tables without waiting: behind a
 * session that waits to alter one, both would wait for ever. Throws where the session reached another server.
 */
export async function joinSnapshot(session: Database, { id, state, tables }: SharedSnapshot): Promise<void> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`);
  await session.query("SET LOCAL synchronize_seqscans = off");
  for (const each of tables) {
    const [problem] = await lockTable(session, each, { remedy: "it was dropped", mode: "NOWAIT" });
    if (problem !== undefined) throw new Error(problem);
  }
  const { rows } = await session.query<{ state: string }>(`SELECT ${STATE} AS state`);
  if (rows[0]?.state !== state) throw new Error("the address of the source leads to several servers");
}
