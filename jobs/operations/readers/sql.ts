import { type Database, type DatabaseAddress, openDatabase } from "../../shared";
import type { Place } from "./place";
import { asking, Shared, Unanswered } from "./unanswered";

/** The logins that the checks use; each is one that only reads. */
export const DATABASE_ROLES = ["platform", "merge", "rain", "airflow"] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/** Queries, with one session for each server and login. */
export class SqlReader {
  readonly #logins: Readonly<Partial<Record<DatabaseRole, DatabaseAddress>>>;
  readonly #signal: AbortSignal;
  readonly #shared = new Shared();
  readonly #open: Database[] = [];
  /** The last statement of each session: a session runs one at a time. */
  readonly #last = new WeakMap<Database, Promise<unknown>>();

  constructor(logins: Readonly<Partial<Record<DatabaseRole, DatabaseAddress>>>, signal: AbortSignal) {
    this.#logins = logins;
    this.#signal = signal;
  }

  /** Runs a query with a login, at the given server. */
  rows<Row>(role: DatabaseRole, place: Place, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.with(role, place, async (database) => {
      const { rows } = await database.query(sql, [...values]);
      return rows as Row[]; // safe: the caller's query names its columns
    });
  }

  async with<T>(role: DatabaseRole, place: Place, work: (database: Database) => Promise<T>): Promise<T> {
    const who = `PostgreSQL at ${place.host}:${place.port}`;
    return asking(who, async () => {
      const database = await this.#session(role, place);
      const before = this.#last.get(database) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => work(database));
      this.#last.set(database, mine);
      return mine;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((each) => each.end().catch(() => undefined)));
  }

  #session(role: DatabaseRole, { host, port }: Place): Promise<Database> {
    const login = this.#logins[role];
    if (!login) throw new Unanswered("PostgreSQL", `no login for ${role} is configured`);
    return this.#shared.once(`${role} ${host}:${port}`, async () => {
      const database = await openDatabase(
        { ...login, host, port },
        { purpose: "the database", applicationName: "operations health", signal: this.#signal },
      );
      this.#open.push(database);
      await database.query("SET statement_timeout = '8s'; SET default_transaction_read_only = on");
      return database;
    });
  }
}
