import { type Database, transaction } from "./database";

/** The lock's number, derived from its name: the same in every process, and 64 bits wide. */
const KEY = "hashtextextended($1, 0)";

/** Takes a lock until the session ends; returns false where another session holds it. */
export async function tryLock(database: Database, name: string): Promise<boolean> {
  const { rows } = await database.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${KEY}) AS taken`, [
    name,
  ]);
  return rows[0]?.taken === true;
}

/** Runs one transaction after waiting until no other transaction holds the lock of this name. */
export function lockedTransaction<T>(database: Database, name: string, work: () => Promise<T>): Promise<T> {
  return transaction(database, "BEGIN", async () => {
    await database.query(`SELECT pg_advisory_xact_lock(${KEY})`, [name]);
    return await work();
  });
}
