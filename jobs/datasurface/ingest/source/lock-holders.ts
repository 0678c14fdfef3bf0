import { type Database, JobError, listProblems } from "../../../shared";
import { datasetTables, type Stream } from "../../model";
import { inPublic } from "../tables";

/** PostgreSQL's state for a lock that was not had within lock_timeout. */
export const LOCK_TIMEOUT = "55P03";

/** How long a verb that has no setting for it waits for a lock in the merge database. */
export const LOCK_WAIT_SECONDS = 60;

/** The error of a run that waited too long for a lock in the merge database, with the sessions that hold it. */
export async function lockRefusal(
  merge: Database,
  { platform, store, datasets, key }: Stream,
  where: string,
  seconds: number,
  cause: unknown,
): Promise<JobError> {
  const tables = datasets
    .map(({ name }) => datasetTables(platform.name, store.name, name))
    .flatMap((names) => [names.merge, names.staging])
    .map(inPublic);
  const holders = await lockHolders(merge, tables).catch(() => []);
  return new JobError(
    listProblems(
      `${where}: a lock was not to be had for ${seconds} seconds, nothing was merged; ` +
        "the next run by the schedule tries again:",
      holders.length > 0 ? holders : [`another session works on ${key} or on the tables of its platform`],
    ),
    1,
    { cause },
  );
}

/**
 * The sessions that hold or wait for a lock on these tables, as text for people. `modes`: only locks of these modes, by
 * default all.
 */
export async function lockHolders(
  database: Database,
  tables: readonly string[],
  modes: readonly string[] = [],
): Promise<string[]> {
  const { rows } = await database.query<{
    table: string;
    pid: number | null;
    user: string | null;
    application: string | null;
    modes: string;
    since: string | null;
  }>(
    `SELECT l.relation::regclass::text AS table, l.pid, a.usename AS user, nullif(a.application_name, '') AS application,
       string_agg(DISTINCT l.mode, ', ') AS modes, a.xact_start::timestamptz(0)::text AS since
     FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.relation IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
       AND l.pid IS DISTINCT FROM pg_backend_pid() AND (l.mode = ANY ($2) OR cardinality($2::text[]) = 0)
     GROUP BY 1, 2, 3, 4, 6 ORDER BY 1, 2`,
    [tables, modes],
  );
  return rows.map(({ table, pid, user, application, modes: held, since }) => {
    const who = pid === null ? "a prepared transaction" : `process ${pid}`;
    const details = [
      user && `user ${user}`,
      application && `application ${application}`,
      held,
      since && `since ${since}`,
    ];
    return `${table} is locked by ${who} (${details.filter(Boolean).join(", ")})`;
  });
}
