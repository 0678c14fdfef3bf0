import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";

export interface LedgerTarget {
  readonly host: string;
  readonly port: number;
  /** The authority by which clients know the servers, in PEM. */
  readonly authority: string;
}

/** A row that a client was told is safe. */
export interface Acknowledged {
  readonly writer: string;
  readonly row: number;
  /** The member that took it, by its port. */
  readonly member: number;
  readonly timeline: number;
  /** When the client sent it, and when it heard that it is safe (`performance.now()`). */
  readonly sent: number;
  readonly heard: number;
}

/** The longest time without an answer that a client saw. */
export interface Gap {
  /** When it began and ended (`performance.now()`). */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

const USER = { user: "ledger", password: "ledgers-password", database: "ledger" };

/** What a superuser does before anybody can write. */
export const LEDGER_SETUP = [
  `CREATE ROLE ${USER.user} LOGIN PASSWORD '${USER.password}'`,
  `CREATE DATABASE ${USER.database} OWNER ${USER.user}`,
];

/** Longer than any client waits for a connection by itself, and than HAProxy holds one that leads nowhere. */
const CONNECT_MS = 3000;

/** One client that writes row after row and keeps what it was told, whatever happens to its connection. */
export class LedgerWriter {
  readonly acknowledged: Acknowledged[] = [];
  /** What it heard instead of an acknowledgement. */
  readonly refusals = new Map<string, number>();
  readonly #name: string;
  readonly #target: LedgerTarget;
  readonly #pauseMs: number;
  #client: pg.Client | undefined;
  #stopped = false;
  #row = 0;
  readonly #done: Promise<void>;

  constructor(name: string, target: LedgerTarget, pauseMs: number) {
    this.#name = name;
    this.#target = target;
    this.#pauseMs = pauseMs;
    this.#done = this.#run();
  }

  /** When it last heard that a row is safe. */
  get lastHeard(): number {
    return this.acknowledged.at(-1)?.heard ?? 0;
  }

  /** The longest time without an acknowledgement between two moments. */
  longestGap(from: number, to: number): Gap {
    return longestGap(this.acknowledged, from, to);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    destroy(this.#client);
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const row = ++this.#row;
      try {
        const client = await this.#connected();
        const sent = performance.now();
        const answer = await client.query<{ member: number; timeline: string }>({
          name: "append",
          text: `INSERT INTO ledger (writer, line) VALUES ($1, $2)
                 RETURNING inet_server_port() AS member, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline`,
          values: [this.#name, row],
        });
        const heard = performance.now();
        const [told] = answer.rows;
        if (!told) throw new Error("an insert gave no row back");
        const { member } = told;
        const timeline = Number.parseInt(told.timeline, 16);
        this.acknowledged.push({ writer: this.#name, row, member, timeline, sent, heard });
        await wait(this.#pauseMs);
      } catch (error) {
        const reason = reasonOf(error);
        this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
        // A replica refuses rows and nothing is wrong with the connection to it.
        if (reason !== READ_ONLY) {
          destroy(this.#client);
          this.#client = undefined;
        }
        await wait(Math.max(20, this.#pauseMs));
      }
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = clientOf(this.#target);
    this.#client = client;
    try {
      await client.connect();
    } catch (error) {
      this.#client = undefined;
      destroy(client);
      throw error;
    }
    return client;
  }
}

/** One client that reads by a connection of its own each time, as a pool does that was just cut. */
export class LedgerReader {
  /** When it was answered, and whether by a replica. */
  readonly answers: { readonly heard: number; readonly byReplica: boolean }[] = [];
  readonly #target: LedgerTarget;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(target: LedgerTarget) {
    this.#target = target;
    this.#done = this.#run();
  }

  longestGap(from: number, to: number): Gap {
    return longestGap(this.answers, from, to);
  }

  /** When a primary answered last. */
  get lastByPrimary(): number | undefined {
    return this.answers.findLast(({ byReplica }) => !byReplica)?.heard;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const client = clientOf(this.#target, 2000);
      try {
        await client.connect();
        const { rows } = await client.query<{ replica: boolean }>(
          "SELECT pg_is_in_recovery() AS replica, (SELECT count(*) FROM (SELECT FROM ledger LIMIT 1) AS first)",
        );
        this.answers.push({ heard: performance.now(), byReplica: rows[0]?.replica === true });
      } catch {
        // The gap tells.
      }
      destroy(client);
      await wait(100);
    }
  }
}

export async function createLedger(target: LedgerTarget): Promise<void> {
  const client = clientOf(target);
  await client.connect();
  await client.query("CREATE TABLE ledger (writer text, line int, PRIMARY KEY (writer, line))");
  await client.end();
}

/** The acknowledged rows that are not there. */
export async function missingRows(
  target: LedgerTarget,
  acknowledged: readonly Acknowledged[],
): Promise<readonly Acknowledged[]> {
  const client = clientOf(target);
  await client.connect();
  try {
    const { rows } = await client.query<[string, number]>({
      text: "SELECT writer, line FROM ledger",
      rowMode: "array",
    });
    const present = new Set(rows.map(([writer, line]) => `${writer} ${line}`));
    return acknowledged.filter(({ writer, row }) => !present.has(`${writer} ${row}`));
  } finally {
    await client.end();
  }
}

/**
 * Acknowledgements that only a second leader can have given: rows of an older timeline, sent after a row of a newer one
 * had been acknowledged.
 */
export function secondLeaders(acknowledged: readonly Acknowledged[]): readonly Acknowledged[] {
  const byHearing = [...acknowledged].sort((a, b) => a.heard - b.heard);
  const bySending = [...acknowledged].sort((a, b) => a.sent - b.sent);
  let newest = 0;
  let next = 0;
  return bySending.filter(({ sent, timeline }) => {
    for (let earlier = byHearing[next]; earlier && earlier.heard < sent; earlier = byHearing[++next]) {
      newest = Math.max(newest, earlier.timeline);
    }
    return timeline < newest;
  });
}

const READ_ONLY = "25006";

function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

function clientOf({ host, port, authority }: LedgerTarget, queryMs?: number): pg.Client {
  const client = new pg.Client({
    ...USER,
    host,
    port,
    ssl: { ca: authority },
    connectionTimeoutMillis: CONNECT_MS,
    ...(queryMs !== undefined && { query_timeout: queryMs }),
  });
  client.on("error", () => {}); // whoever awaits an answer hears of it
  return client;
}

/** Without a farewell, for which a server that hangs would never thank. */
function destroy(client: pg.Client | undefined): void {
  // The socket is the client's own; its types leave it out.
  (client as unknown as { connection?: { stream?: { destroy(): void } } })?.connection?.stream?.destroy();
}

function longestGap(answers: readonly { readonly heard: number }[], from: number, to: number): Gap {
  const moments = answers.map(({ heard }) => heard).filter((heard) => heard > from && heard < to);
  return [from, ...moments, to]
    .slice(1)
    .map((end, index) => gapOf(index === 0 ? from : (moments[index - 1] ?? from), end))
    .reduce((longest, gap) => (gap.seconds > longest.seconds ? gap : longest));
}

const gapOf = (from: number, to: number): Gap => ({ from, to, seconds: (to - from) / 1000 });
