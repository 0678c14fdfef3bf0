import type { Sessions } from "./sessions";

export interface Retention {
  /** Days that finished tasks and the records of model calls are kept; 0: for ever. */
  readonly keepTasksDays: number;
  /** Days that decisions and the tokens of each day are kept; 0: for ever. */
  readonly keepAuditDays: number;
}

/** Rows of each table in one transaction, so that none holds locks for long. */
const BATCH = 1_000;

/** Deletes what is older than the settings keep; returns how many rows went. Several processes may do so at once. */
export async function forgetOld(
  sessions: Sessions,
  { keepTasksDays, keepAuditDays }: Retention,
  batch = BATCH,
): Promise<number> {
  if (keepTasksDays === 0 && keepAuditDays === 0) return 0;
  for (let total = 0; ; ) {
    const { rows } = await sessions.use((database) =>
      database.query<{ gone: string }>(
        `SELECT agents.forget(now() - nullif($1::integer, 0) * interval '1 day',
           now() - nullif($2::integer, 0) * interval '1 day', $3) AS gone`,
        [keepTasksDays, keepAuditDays, batch],
      ),
    );
    const gone = Number(rows[0]?.gone ?? 0);
    total += gone;
    if (gone === 0) return total;
  }
}
