import { type Database, JobError, type Logger, listProblems, sqlState } from "../../../shared";
import { LOCK_TIMEOUT, lockHolders } from "./lock-holders";

/** How a run waits for the tables that it reads. */
export interface SourceWait {
  /** How long to wait for the locks of all tables together. */
  readonly lockWaitSeconds: number;
  readonly log: Pick<Logger, "warn">;
}

interface LockWait extends SourceWait {
  /** Whose tables they are, for messages. */
  readonly whose: string;
  /** What to do about a table that does not exist. */
  readonly remedy: string;
}

export interface LockedTable {
  /** The dataset that is read from it. */
  readonly dataset: string;
  /** Quoted for SQL, with the schema. */
  readonly table: string;
}

/** After so long, and again each time, a line in the log says which table is waited for, and who holds it. */
const TOLD_EVERY_MS = 5_000;

/**
 * Begins a read-only transaction with one snapshot and locks all tables; returns why some cannot be read. The search for the holder of a lock would take the snapshot too early:
 * it runs in a transaction of its own, after which all begins again.
 */
export async function lockTables(
  source: Database,
  tables: readonly LockedTable[],
  { lockWaitSeconds, log, whose, remedy }: LockWait,
): Promise<string[]> {
  const deadline = performance.now() + lockWaitSeconds * 1000;
  for (;;) {
    const left = deadline - performance.now();
    await source.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    // Two scans of a table that did not change begin at its first page, and give its rows in the same order.
    await source.query("SET LOCAL synchronize_seqscans = off");
    await source.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(Math.min(left, TOLD_EVERY_MS)))}`);
    try {
      const problems: string[] = [];
      for (const each of tables) problems.push(...(await lockTable(source, each, { remedy })));
      return problems;
    } catch (error) {
      if (sqlState(error) !== LOCK_TIMEOUT) throw error;
      await source.query("ROLLBACK");
      const names = tables.map(({ table }) => table);
      const holders = await lockHolders(source, names, ["AccessExclusiveLock"]);
      if (performance.now() < deadline) {
        log.warn({ holders }, `waiting for a lock in ${whose}: ${holders.join("; ")}`);
        continue;
      }
      throw new JobError(
        listProblems(
          `${whose} was locked for ${lockWaitSeconds} seconds (--lock-wait-seconds), nothing was changed; ` +
            "the next run by the schedule tries again:",
          holders.length > 0 ? holders : ["the lock was released just now"],
        ),
      );
    }
  }
}

/** Locks a table against TRUNCATE and ALTER; returns why it cannot be read. */
export async function lockTable(
  source: Database,
  { dataset, table }: LockedTable,
  { remedy, mode = "" }: { readonly remedy: string; readonly mode?: "" | "NOWAIT" },
): Promise<string[]> {
  await source.query("SAVEPOINT before_lock");
  try {
    await source.query(`LOCK TABLE ${table} IN ACCESS SHARE MODE ${mode}; RELEASE SAVEPOINT before_lock`);
    return [];
  } catch (error) {
    await source.query("ROLLBACK TO SAVEPOINT before_lock; RELEASE SAVEPOINT before_lock");
    // A foreign table or materialized view cannot be locked; it is read without a lock.
    if (sqlState(error) === "42809") return [];
    if (sqlState(error) === "42P01" || sqlState(error) === "3F000") {
      return [`${dataset}: the source has no table ${table}; ${remedy}`];
    }
    if (sqlState(error) === "42501")
      return [`${dataset}: the source user may not read ${table}; grant SELECT on it`];
    throw error;
  }
}
