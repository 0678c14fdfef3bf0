import PgBoss from "pg-boss";
import type { Logger } from "../../shared";
import { safeReason } from "../safe-reason";
import type { Sessions } from "./sessions";

/** pg-boss's schema in the database `crm`. */
export const QUEUE_SCHEMA = "agent_queue";

/** Jobs whose every delivery failed. */
export const DEAD_LETTERS = "agents-dead";

/** The channel on which an enqueued task wakes idle agents. */
export const WAKE_CHANNEL = "agents_wake";

export const queueOf = (pool: string) => `agents-${pool}`;

/** A job refers to its task and holds nothing of the lead. */
export interface JobData {
  readonly task: string;
  readonly job: string;
  readonly workspace: string;
}

interface StartQueueArgs {
  /** Whether this process expires the jobs of killed workers and archives old ones; at this interval. */
  readonly maintenanceSeconds?: number;
  readonly log: Logger;
}

/**
 * pg-boss on our sessions. The schema is there: `migrate` makes it. Jobs are fetched and completed explicitly, because
 * pg-boss's own worker does not await the completion, and a database that is away for a moment ends its process.
 */
export async function startQueue(
  sessions: Sessions,
  { maintenanceSeconds, log }: StartQueueArgs,
): Promise<PgBoss> {
  const boss = new PgBoss({
    db: {
      executeSql: (text: string, values?: unknown[]) =>
        sessions.use((database) => database.query(text, values)),
    },
    schema: QUEUE_SCHEMA,
    migrate: false,
    schedule: false,
    supervise: maintenanceSeconds !== undefined,
    ...(maintenanceSeconds !== undefined && { maintenanceIntervalSeconds: maintenanceSeconds }),
  });
  boss.on("error", (error) => log.warn(`the queue's maintenance failed: ${safeReason(error)}`));
  await boss.start();
  return boss;
}
