import { type Database, type DatabaseAddress, openDatabase } from "../../shared";

export interface ReadingSessionsArgs {
  readonly address: DatabaseAddress;
  /** The most sessions that are open at once. */
  readonly sessions: number;
  /** The most requests that wait for a session. The next one gets `Busy` at once. */
  readonly waiting: number;
  /** The longest time for one statement, and the longest wait for a session. */
  readonly statementSeconds: number;
}

/** Every session is in use, and the request may not wait (any longer) for one. */
export class Busy extends Error {}

/** A small pool of read-only database sessions with a bounded queue; a broken session is replaced. */
export class ReadingSessions {
  private readonly idle: Database[] = [];
  private readonly waiting: (() => void)[] = [];
  private open = 0;

  constructor(private readonly args: ReadingSessionsArgs) {}

  async use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const latest = Date.now() + this.args.statementSeconds * 1000;
    while (this.idle.length === 0 && this.open >= this.args.sessions) await this.turn(latest);
    let database = this.idle.pop();
    try {
      database ??= await this.openOne();
      const answer = await work(database);
      this.idle.push(database);
      return answer;
    } catch (error) {
      // Whether the session or the work failed, a new session costs little.
      this.open -= database ? 1 : 0;
      await database?.end().catch(() => undefined);
      throw error;
    } finally {
      this.waiting.shift()?.();
    }
  }

  /** Waits until a session may be free. */
  private async turn(latest: number): Promise<void> {
    const { waiting } = this;
    if (waiting.length >= this.args.waiting) throw new Busy(`${waiting.length} requests wait for a session`);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((turn, refuse) => {
      waiting.push(turn);
      timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(turn), 1);
        refuse(new Busy(`no session was free within ${this.args.statementSeconds} s`));
      }, latest - Date.now());
    }).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((database) => database.end().catch(() => undefined)));
  }

  private async openOne(): Promise<Database> {
    this.open += 1;
    try {
      const database = await openDatabase(this.args.address, {
        purpose: "the rain database",
        applicationName: "rain server",
      });
      await database.query(
        `SET default_transaction_read_only = on; SET statement_timeout = '${this.args.statementSeconds}s'`,
      );
      return database;
    } catch (error) {
      this.open -= 1;
      throw error;
    }
  }
}
