import { type Database, type DatabaseAddress, openDatabase } from "../../shared";

/** A small pool of read-only database sessions; a broken session is replaced. */
export class ReadingSessions {
  private readonly idle: Database[] = [];
  private readonly waiting: (() => void)[] = [];
  private open = 0;

  constructor(
    private readonly address: DatabaseAddress,
    private readonly most: number,
    private readonly statementSeconds: number,
  ) {}

  async use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    while (this.idle.length === 0 && this.open >= this.most) {
      await new Promise<void>((turn) => this.waiting.push(turn));
    }
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

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((database) => database.end().catch(() => undefined)));
  }

  private async openOne(): Promise<Database> {
    this.open += 1;
    try {
      const database = await openDatabase(this.address, {
        purpose: "the rain database",
        applicationName: "rain server",
      });
      await database.query(
        `SET default_transaction_read_only = on; SET statement_timeout = '${this.statementSeconds}s'`,
      );
      return database;
    } catch (error) {
      this.open -= 1;
      throw error;
    }
  }
}
