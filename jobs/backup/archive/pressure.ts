import { type Database, type DatabaseAddress, withDatabase } from "../../shared";

/** What the leader runs out of before it stops to serve. */
export interface Pressure {
  readonly sessions: number;
  /** Sessions that PostgreSQL allows together. */
  readonly mostSessions: number;
  /** Transactions since the oldest one whose ID is not frozen, in the database where it is oldest. */
  readonly oldestTransactionAge: number;
}

/** Asks the leader. Every login may read these views. */
export function readPressure(address: DatabaseAddress, signal: AbortSignal): Promise<Pressure> {
  const session = { purpose: "the leader of PostgreSQL", applicationName: "trellis archive", signal };
  return withDatabase(address, session, askPressure);
}

export async function askPressure(database: Pick<Database, "query">): Promise<Pressure> {
  const { rows } = await database.query<{ sessions: string; most: string; age: string }>(`
    SELECT (SELECT sum(numbackends) FROM pg_stat_database) AS sessions,
           current_setting('max_connections') AS most,
           (SELECT max(age(datfrozenxid)) FROM pg_database) AS age`);
  const [row] = rows;
  if (!row) throw new Error("pg_database has no row");
  return {
    sessions: Number(row.sessions),
    mostSessions: Number(row.most),
    oldestTransactionAge: Number(row.age),
  };
}
