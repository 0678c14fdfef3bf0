import { type Context, type Database, type DatabaseAddress, openDatabase } from "../../shared";
import { isDerived, type Stream } from "../model";
import { Sessions } from "./failures";
import type { IngestConfig } from "./ingest-config";
import { applicationOf } from "./only-writer";

const MERGE = "the merge database";

/** Opens the sessions of a run with its limits, and knows which of them an error came from. */
export class RunSessions {
  private readonly known = new Sessions();

  constructor(
    private readonly stream: Stream,
    private readonly config: IngestConfig,
    private readonly context: Pick<Context, "signal">,
  ) {}

  /** Sets the limits of a session that somebody else opened in the merge database. */
  async limitMerge(merge: Database): Promise<void> {
    await this.limit(merge, MERGE, this.config.merge);
    await merge.query(`SET lock_timeout = '${this.config.lockWaitSeconds}s'`);
  }

  /** Works with a session in the source, which is the merge database for a transformer. */
  async withSource<T>(work: (source: Database) => Promise<T>): Promise<T> {
    const source = await this.openSource();
    try {
      return await work(source);
    } finally {
      await source.end().catch(() => undefined);
    }
  }

  /** Opens one more session in each of the databases. */
  async openBoth(): Promise<{ source: Database; merge: Database }> {
    const source = await this.openSource();
    try {
      const merge = await this.open(MERGE, this.config.merge, (session) => this.limitMerge(session));
      return { source, merge };
    } catch (error) {
      await source.end().catch(() => undefined);
      throw error;
    }
  }

  /** Where an error came from; undefined for an error of this program. */
  originOf(error: unknown): string | undefined {
    return this.known.originOf(error);
  }

  explain(error: unknown, step: string): unknown {
    return this.known.explain(error, step, this.config.statementSeconds);
  }

  private openSource(): Promise<Database> {
    const purpose = isDerived(this.stream.store) ? MERGE : "the source database";
    const { source } = this.config;
    return this.open(purpose, source, (session) => this.limit(session, purpose, source));
  }

  private async open(
    purpose: string,
    address: DatabaseAddress,
    limit: (session: Database) => Promise<void>,
  ): Promise<Database> {
    const applicationName = applicationOf(this.stream);
    const session = await openDatabase(address, { purpose, applicationName, signal: this.context.signal });
    try {
      await limit(session);
      return session;
    } catch (error) {
      await session.end().catch(() => undefined);
      throw error;
    }
  }

  private async limit(session: Database, purpose: string, address: DatabaseAddress): Promise<void> {
    this.known.watch(session, purpose, address);
    await session.query(`SET statement_timeout = '${this.config.statementSeconds}s'`);
  }
}
