import type PgBoss from "pg-boss";
import type { Lead } from "../runtime";
import { type JobData, queueOf } from "./queue";
import type { Sessions } from "./sessions";
import type { Task } from "./tasks";

/** A job of pg-boss with its task; no task: it is complete or has another job by now. */
export interface Delivery {
  readonly id: string;
  readonly data: JobData;
  readonly task: Task | undefined;
  /** Undefined: the workspace has no such lead any more. */
  readonly lead: Lead | undefined;
}

/** What `agents.opened` returns. */
interface Opened {
  readonly task: Omit<Task, "started"> & { readonly started: string };
  readonly lead: Lead | null;
}

interface DeliveriesArgs {
  readonly boss: PgBoss;
  readonly sessions: Sessions;
  readonly pool: string;
}

/**
 * Fetches the jobs of a pool for all idle agents of a process, with their tasks and leads, in one statement. An agent that
 * asks while it runs goes into the next one.
 */
export class Deliveries {
  private waiting: {
    readonly resolve: (delivery: Delivery | undefined) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  private fetching = false;

  constructor(private readonly args: DeliveriesArgs) {}

  /** The next delivery; undefined when there is none. */
  next(): Promise<Delivery | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (!this.fetching) void this.fetchAll();
    });
  }

  private async fetchAll(): Promise<void> {
    this.fetching = true;
    while (this.waiting.length > 0) {
      const asking = this.waiting.splice(0);
      try {
        const found = await this.fetch(asking.length);
        for (const [index, { resolve }] of asking.entries()) resolve(found[index]);
      } catch (error) {
        for (const { reject } of asking) reject(error);
      }
    }
    this.fetching = false;
  }

  private async fetch(batchSize: number): Promise<Delivery[]> {
    const { boss, sessions, pool } = this.args;
    let failure: unknown;
    const db = {
      executeSql: async (text: string, values: unknown[]) => {
        try {
          return await sessions.use((database) =>
            database.query({
              name: "fetch",
              text: `WITH fetched AS (${text}) SELECT fetched.*, agents.opened(fetched.data, $3) AS opened FROM fetched`,
              values: [...values, sessions.role],
            }),
          );
        } catch (error) {
          failure = error; // pg-boss takes every error of this statement for an empty queue
          throw error;
        }
      },
    };
    const jobs = await boss.fetch<JobData>(queueOf(pool), { batchSize, db });
    if (failure) throw failure;
    return jobs.map((job) => {
      const { opened } = job as PgBoss.Job<JobData> & { opened: Opened | null }; // safe: the statement above adds it
      return {
        id: job.id,
        data: job.data,
        task: opened ? { ...opened.task, started: new Date(opened.task.started) } : undefined,
        lead: opened?.lead ?? undefined,
      };
    });
  }
}
