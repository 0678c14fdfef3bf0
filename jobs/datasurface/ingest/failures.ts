import type { EventEmitter } from "node:events";
import { type Database, type DatabaseAddress, JobError, reason, sqlState } from "../../shared";

const FULL = "its disk or its quota is full: make room";
const LOST = "the connection was lost: see whether the server restarted or the network failed";
const AGAIN =
  "then run again, or wait for the schedule: the batch continues where it was, and nothing was merged twice";

/** What to do about an error of the server, by its SQLSTATE or the class of it. */
const REMEDIES: Readonly<Record<string, string>> = {
  "53100": FULL,
  "53200": "the server is out of memory: lower JOIN_MEMORY_MB or give it more",
  "53300": "the server has no connection left: raise its limit, or let fewer streams run at once",
  "53": FULL,
  "08": LOST,
  "57P01": LOST,
  "57P02": LOST,
  "57P03": LOST,
  "25006": "the server is read-only: connect to the primary",
  "40": "another session changed the same tables",
  "58": "the server cannot read or write its files: see its log and its disk",
  XX: "the server reports damaged data or a fault of its own: see its log",
};

/** Which session an error came from: PostgreSQL's messages name neither server nor database. */
export class Sessions {
  private readonly origins = new WeakMap<object, string>();
  private lost: string | undefined;

  /** Remembers each error of the session, and the loss of the session itself. */
  watch(database: Database, purpose: string, address: DatabaseAddress): void {
    const where = `${purpose} ${address.database} at ${address.host}:${address.port}`;
    const remember = (error: unknown) => {
      if (error !== null && typeof error === "object") this.origins.set(error, where);
    };
    // Safe: pg makes its connection in the constructor; its types do not include it. These are the error objects with
    // which the statement fails.
    const { connection } = database as unknown as { connection: EventEmitter };
    connection.prependListener("errorMessage", remember);
    connection.prependListener("error", (error) => {
      remember(error);
      this.lost ??= where;
    });
    database.on("error", () => {
      this.lost ??= where;
    });
  }

  /** The database that an error came from; undefined for any other error. */
  originOf(error: unknown): string | undefined {
    const known = error !== null && typeof error === "object" ? this.origins.get(error) : undefined;
    return known ?? (sqlState(error) === undefined ? this.lost : undefined);
  }

  /** The error with the database, the step and the remedy. An error of this program stays as it is. */
  explain(error: unknown, step: string, statementSeconds: number): unknown {
    const where = this.originOf(error);
    if (error instanceof JobError || where === undefined) return error;
    const state = sqlState(error);
    const what = `${where}, ${step}: ${reason(error)}`;
    if (state === "57014") {
      return new JobError(
        `${what}; no statement may take longer than ${statementSeconds} seconds: find out what it waits for, or raise ` +
          `--statement-seconds (STATEMENT_SECONDS), ${AGAIN}`,
        1,
        { cause: error },
      );
    }
    const remedy = state === undefined ? LOST : (REMEDIES[state] ?? REMEDIES[state.slice(0, 2)]);
    return remedy === undefined
      ? new Error(what, { cause: error })
      : new JobError(`${what}; ${remedy}, ${AGAIN}`, 1, { cause: error });
  }
}
