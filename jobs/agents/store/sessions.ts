import {
  type Database,
  type DatabaseAddress,
  openDatabase,
  quoteIdentifier,
  quoteLiteral,
  transaction,
} from "../../shared";

interface SessionsArgs {
  readonly address: DatabaseAddress;
  /** The role of every statement: row security holds for it. */
  readonly role: string;
  /** The most sessions that are open at once; further work waits for one. */
  readonly sessions: number;
  readonly applicationName: string;
  /** The longest time for one statement and for a session between two statements of a transaction. */
  readonly statementSeconds: number;
}

/** A pool of database sessions; a session in which work failed is replaced. */
export class Sessions {
  private readonly idle: Database[] = [];
  private readonly waiting: (() => void)[] = [];
  private open = 0;

  constructor(private readonly args: SessionsArgs) {}

  /** The role of every statement. */
  get role(): string {
    return this.args.role;
  }

  async use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    while (this.idle.length === 0 && this.open >= this.args.sessions) {
      await new Promise<void>((turn) => this.waiting.push(turn));
    }
    let database = this.idle.pop();
    try {
      if (!database) {
        this.open += 1;
        database = await this.openOne().catch((error: unknown) => {
          this.open -= 1;
          throw error;
        });
      }
      const answer = await work(database);
      this.idle.push(database);
      return answer;
    } catch (error) {
      if (database) {
        this.open -= 1;
        void database.end().catch(() => undefined);
      }
      throw error;
    } finally {
      this.waiting.shift()?.();
    }
  }

  /** One transaction that sees and writes rows of this workspace only. */
  inWorkspace<T>(workspace: string, work: (database: Database) => Promise<T>): Promise<T> {
    const claims = JSON.stringify({ role: this.args.role, workspace_id: workspace });
    // Both ways in which policies ask for the workspace: the schema's own, and the claims as PostgREST sets them.
    const begin = `BEGIN; SELECT set_config('crm.workspace_id', ${quoteLiteral(workspace)}, true),
      set_config('request.jwt.claims', ${quoteLiteral(claims)}, true)`;
    return this.use((database) => transaction(database, begin, () => work(database)));
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((database) => database.end().catch(() => undefined)));
  }

  /** A session of its own, which the caller must end. */
  async openOne(): Promise<Database> {
    const { address, role, applicationName, statementSeconds } = this.args;
    const database = await openDatabase(address, { purpose: "the CRM database", applicationName });
    try {
      // Row security filters here: an agent reads what the policies show it.
      await database.query(`SET row_security = on; SET statement_timeout = '${statementSeconds}s';
        SET idle_in_transaction_session_timeout = '${statementSeconds}s'; SET ROLE ${quoteIdentifier(role)}`);
      return database;
    } catch (error) {
      await database.end().catch(() => undefined);
      throw error;
    }
  }
}
